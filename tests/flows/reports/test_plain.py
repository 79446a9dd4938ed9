"""Control characters and credentials never come through; everything else does."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.reports import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("\x1b]0;title\x07\x1b[2J", r"\x1b]0;title\x07\x1b[2J"),
        ("\x9b31mred", r"\x9b31mred"),
        ("if access\u202e\u2066 == admin", r"if access\u202e\u2066 == admin"),
        ("pay\u200bload", r"pay\u200bload"),
        ("\U000e0041", r"\U000e0041"),
        ("naïve Ελλάδα 日本 🚢", "naïve Ελλάδα 日本 🚢"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),  # a joiner that spelling needs
    ],
)
def test_writes_out_what_is_dangerous_and_keeps_the_rest(text: str, shown: str) -> None:
    assert plain.line(text) == shown


@given(st.text())
def test_a_line_has_no_active_character_and_fits_utf8(text: str) -> None:
    shown = plain.line(text)
    shown.encode("utf-8")
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Zl", "Zp"}]
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=":")))
def test_ordinary_text_stays_itself(text: str) -> None:
    assert plain.line(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: https://u:p@host/x.git: no", "fatal: https://host/x.git: no"),
        ("postgres://app:pa:ss@w@db:5432/x", "postgres://db:5432/x"),
        ("https://ghp_abc@host and ssh://git@host", "https://host and ssh://host"),
        ("https://host/@scope/pkg and me@mail.org", "https://host/@scope/pkg and me@mail.org"),
        ("['https://cdn.org', 'me@mail.org']", "['https://cdn.org', 'me@mail.org']"),
    ],
)
def test_takes_credentials_out_of_addresses(text: str, shown: str) -> None:
    assert plain.without_credentials(text) == shown


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://u:p@host.org/a/b.git?token=x#y", "https://host.org/a/b.git"),
        ("HTTPS://host.org:8443/a b", "https://host.org:8443/a%20b"),
        ("ssh://git@host.org/a.git", "ssh://host.org/a.git"),
        ("https://host.org/a)[x](<b>", "https://host.org/a%29%5Bx%5D%28%3Cb%3E"),
        ("git@host.org:a/b.git", None),
        ("/home/me/repo", None),
        ("javascript://host.org/%0aalert(1)", None),
        ("https://[bad", None),
        ("https://ho<st/x", None),
        ("https://host:99999/x", None),
        ("", None),
    ],
)
def test_an_address_is_sound_or_none(repository: str, address: str | None) -> None:
    assert plain.address(repository) == address


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_inert_json_says_the_same_without_active_characters(value: dict[str, str | int]) -> None:
    document = json.dumps(value, ensure_ascii=False)
    shown = plain.inert_json(document)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"}]
    if "://" not in document:
        assert json.loads(shown) == value


def test_inert_json_keeps_an_astral_character_it_has_to_escape() -> None:
    shown = plain.inert_json(json.dumps({"a": "x\U000e0041\u202ey"}, ensure_ascii=False))
    assert shown == '{"a": "x\\udb40\\udc41\\u202ey"}'
    assert json.loads(shown) == {"a": "x\U000e0041\u202ey"}


def test_a_line_of_code_keeps_every_character_that_can_be_shown() -> None:
    assert plain.exactly("\tx  =\u00a01 # https://u:p@example.org") == "\tx  =\u00a01 # https://u:p@example.org"
    assert plain.exactly("a\r\x1b[2K\u2028\u202e\x0b") == r"a\x0d\x1b[2K\u2028\u202e\x0b"


@given(st.dictionaries(st.text(), st.text()))
def test_escaped_json_holds_the_very_values_and_nothing_that_a_terminal_obeys(values: dict[str, str]) -> None:
    escaped = plain.escaped_json(json.dumps(values, ensure_ascii=False))
    assert json.loads(escaped) == values
    assert plain.exactly(escaped) == escaped
