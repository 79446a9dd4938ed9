"""Whether an event comes from who shares a secret with the hub, and has not been told before by somebody else."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256

from flows.service.accounts import NotSignedInError
from flows.settings import EventSource

TOLERANCE = 300
"""Seconds by which the clock of a source may differ, and within which a signed time counts."""


def check(source: EventSource, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """Raises NotSignedInError unless the body is signed with the secret. Returns what names this delivery, as signed.

    `now` is in seconds since 1970. Where no delivery is named under the signature, the body names itself: a repetition
    under another id is no other event.
    """
    key = secret.encode()
    match source:
        case EventSource.GENERIC:
            at, delivery = headers.get("x-dockyard-timestamp", ""), headers.get("x-dockyard-delivery", "")
            _same(f"sha256={_sign(key, f'{at}.{delivery}.'.encode() + body)}", headers.get("x-dockyard-signature", ""))
            _recent(at, now)
            return f"generic {delivery}"
        case EventSource.GITHUB:
            _same(f"sha256={_sign(key, body)}", headers.get("x-hub-signature-256", ""))
        case EventSource.GRAFANA if "x-grafana-alerting-signature" in headers:
            at = headers.get("x-grafana-alerting-timestamp", "")
            _same(_sign(key, f"{at}:".encode() + body if at else body), headers["x-grafana-alerting-signature"])
            if at:
                _recent(at, now)
        case EventSource.GRAFANA | EventSource.ALERTMANAGER:  # which knows no signatures
            _same(f"Bearer {secret}", headers.get("authorization", ""))
    return f"{source.value} {sha256(body).hexdigest()}"


def _sign(key: bytes, signed: bytes) -> str:
    return hmac.new(key, signed, sha256).hexdigest()


def _same(wanted: str, given: str) -> None:
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise NotSignedInError("the event is not signed with this source's secret; see DOCKYARD_EVENT_SECRETS")


def _recent(at: str, now: float) -> None:
    # Digits alone: int() reads other things, too, which could be written anew without another signature.
    if not (at.isascii() and at.isdigit() and len(at) <= 12 and abs(now - int(at)) <= TOLERANCE):
        raise NotSignedInError(f"the event's time is not within {TOLERANCE} s of the hub's; send it anew")
