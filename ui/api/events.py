"""Events: webhooks of other systems, signed by them, that start runs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from enum import Enum
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool

from flows.errors import InvalidInputError, UnknownError
from flows.service.events import Event, EventType, Taken
from flows.settings import EventSource
from ui.api.hub import Hub
from ui.api.signatures import check

TAGS: list[str | Enum] = ["events"]

_GITHUB = {"push": EventType.GITHUB_PUSH, "pull_request": EventType.GITHUB_PULL_REQUEST}
_OTHERS = {
    EventSource.GENERIC: EventType.GENERIC,
    EventSource.ALERTMANAGER: EventType.ALERTMANAGER,
    EventSource.GRAFANA: EventType.GRAFANA,
}

_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operation on events."""

    @app.post("/events/{source}", tags=TAGS, status_code=202, openapi_extra=_BODY)
    async def take_event(source: EventSource, request: Request) -> Taken:
        """Start a run for every trigger that fits. Nobody signs in here: the source signs what it sends.

        A kind of event that no trigger can name, such as GitHub's ping, starts nothing.
        """
        secret = hub.settings.event_secrets.get(source)
        if secret is None:
            raise UnknownError(f"no events of '{source.value}' are taken in; DOCKYARD_EVENT_SECRETS has no secret for it")
        body = await request.body()
        key = check(source, secret.get_secret_value(), request.headers, body, time.time())
        kind = _kind(source, request.headers)
        payload = _payload(body)
        if kind is None:
            return Taken()
        event = Event(type=kind, key=f"{kind.value} {key}", payload=payload)
        return await run_in_threadpool(hub.events.take, event)


def _kind(source: EventSource, headers: Mapping[str, str]) -> EventType | None:
    return _GITHUB.get(headers.get("x-github-event", "")) if source is EventSource.GITHUB else _OTHERS[source]


def _payload(body: bytes) -> dict[str, JsonValue]:
    try:
        found: JsonValue = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the event is no JSON that can be read; send application/json") from error
    if not isinstance(found, dict):
        raise InvalidInputError("an event is a JSON object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
