"""JSON is checked before anything reads it."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.ui.hardening.apps import fastapi, plain
from tests.ui.hardening.conftest import Serve
from ui.hardening.json_body import InvalidJsonError, check


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b' {"a": [1, 2.5, "x"]} ',
        b'{"a": {"a": 1}, "b": {"a": 1}}',
        b"[" * 5 + b"]" * 5,
        b"[" + b"[]," * 1000 + b"{}]",
        b'["[[[[[[[[[[", "\\"[[[[[[[[[[", "{{{{{{\\\\"]',
        '"é"'.encode(),
    ],
)
def test_takes_json(body: bytes) -> None:
    check(body, 5)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" * 6 + b"]" * 6, "deeper than 5"),
        (b"[" * 1_000_000, "deeper than 5"),
        (b'{"a":' * 100_000, "deeper than 5"),
        (b'["]]]]]",' * 6 + b"1" + b"]" * 6, "deeper than 5"),
        (b'{"a": 1, "b": 2, "a": 3}', '"a" occurs twice'),
        (b'{"a": 1, "\\u0061": 3}', '"a" occurs twice'),
        (b'[{"x": {"a": 1, "a": 1}}]', '"a" occurs twice'),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1,]", "line 1 column"),
        (b'"\xff"', "utf-8"),
        ('{"a": 1}'.encode("utf-16"), "utf-8"),
        (b"9" * 5000, "limit"),
        (b'"open', "Unterminated"),
    ],
    ids=range(14),
)
def test_refuses_what_is_none_or_means_two_things(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidJsonError, match=reason):
        check(body, 5)


@pytest.mark.parametrize(
    "body",
    [b'\\"' * 1_000_000 + b"[" * 10, b'"' * 999_999 + b"[" * 10, b'"\\' * 500_000 + b"{" * 10],
    ids=["escaped quotes", "quotes", "backslashes"],
)
def test_the_time_grows_with_the_size_alone(body: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(InvalidJsonError):
        check(body, 5)
    assert time.perf_counter() - began < 5  # squared it would be hours


@pytest.mark.parametrize(
    "kind", ["application/json", "application/JSON; charset=utf-8", "application/merge-patch+json", None]
)
@pytest.mark.parametrize(
    "body",
    [b'{"value": 1, "value": 2}', b'{"value": ' + b"[" * 100 + b"]" * 100 + b"}", b'{"value": NaN}'],
    ids=["twice", "deep", "nan"],
)
def test_answers_400(serve: Serve, kind: str | None, body: bytes) -> None:
    port = serve(fastapi())
    answer = httpx.post(f"http://127.0.0.1:{port}/api/items", content=body, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("The body cannot be used as JSON: ")


def test_a_large_body_is_checked_and_arrives_as_it_was(serve: Serve) -> None:
    url = f"http://127.0.0.1:{serve(fastapi())}/api/items"
    value = [{"n": number, "text": "[{"} for number in range(20_000)]
    answer = httpx.post(url, json={"value": value})
    assert answer.status_code == 200
    assert answer.json()["value"] == value


def test_an_application_that_reads_no_body_need_not_wait_for_one(serve: Serve) -> None:
    answer = httpx.post(f"http://127.0.0.1:{serve(plain)}/api", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.text == "ok"
