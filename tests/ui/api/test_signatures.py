"""Events are taken from who knows the secret, once, and at their time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256

import pytest

from flows.service.accounts import NotSignedInError
from flows.settings import EventSource
from ui.api.signatures import TOLERANCE, check

SECRET, BODY, NOW = "a secret of some length", b'{"a": 1}', 1_800_000_000


def sign(signed: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def generic(delivery: str = "d-1", at: int | str = NOW, body: bytes = BODY) -> dict[str, str]:
    signature = sign(f"{at}.{delivery}.".encode() + body)
    return {
        "x-dockyard-timestamp": str(at),
        "x-dockyard-delivery": delivery,
        "x-dockyard-signature": f"sha256={signature}",
    }


FINE: list[tuple[EventSource, Mapping[str, str]]] = [
    (EventSource.GENERIC, generic()),
    (EventSource.GITHUB, {"x-hub-signature-256": f"sha256={sign(BODY)}"}),
    (EventSource.GRAFANA, {"x-grafana-alerting-signature": sign(BODY)}),
    (
        EventSource.GRAFANA,
        {"x-grafana-alerting-signature": sign(f"{NOW}:".encode() + BODY), "x-grafana-alerting-timestamp": str(NOW)},
    ),
    (EventSource.GRAFANA, {"authorization": f"Bearer {SECRET}"}),
    (EventSource.ALERTMANAGER, {"authorization": f"Bearer {SECRET}"}),
]


@pytest.mark.parametrize(("source", "headers"), FINE)
def test_takes_what_is_signed(source: EventSource, headers: Mapping[str, str]) -> None:
    assert check(source, SECRET, headers, BODY, NOW) == check(source, SECRET, headers, BODY, NOW + 60)


@pytest.mark.parametrize(("source", "headers"), FINE)
def test_refuses_another_secret_and_no_signature(source: EventSource, headers: Mapping[str, str]) -> None:
    for secret, given in ((f"{SECRET}!", headers), (SECRET, {})):
        with pytest.raises(NotSignedInError, match="not signed"):
            check(source, secret, given, BODY, NOW)


@pytest.mark.parametrize(("source", "headers"), FINE[:4])
def test_refuses_a_body_that_was_changed(source: EventSource, headers: Mapping[str, str]) -> None:
    with pytest.raises(NotSignedInError):
        check(source, SECRET, headers, BODY + b" ", NOW)


@pytest.mark.parametrize("away", [-TOLERANCE - 1, TOLERANCE + 1])
def test_refuses_an_event_of_another_time(away: int) -> None:
    for source, headers in (FINE[0], FINE[3]):
        with pytest.raises(NotSignedInError, match="time"):
            check(source, SECRET, headers, BODY, NOW + away)


@pytest.mark.parametrize("at", ["", "now", "-1", "+1800000000", "1_800_000_000", "١٨٠٠٠٠٠٠٠٠", "9" * 4000])
def test_a_time_is_digits(at: str) -> None:
    with pytest.raises(NotSignedInError, match="time"):
        check(EventSource.GENERIC, SECRET, generic(at=at), BODY, NOW)


def test_a_delivery_is_named_under_the_signature() -> None:
    assert check(EventSource.GENERIC, SECRET, generic("d-1"), BODY, NOW) != check(
        EventSource.GENERIC, SECRET, generic("d-2"), BODY, NOW
    )
    with pytest.raises(NotSignedInError):
        check(EventSource.GENERIC, SECRET, {**generic("d-1"), "x-dockyard-delivery": "d-2"}, BODY, NOW)


def test_a_repetition_under_another_unsigned_id_is_the_same_event() -> None:
    _, headers = FINE[1]
    once = check(EventSource.GITHUB, SECRET, {**headers, "x-github-delivery": "1"}, BODY, NOW)
    assert once == check(EventSource.GITHUB, SECRET, {**headers, "x-github-delivery": "2"}, BODY, NOW)
