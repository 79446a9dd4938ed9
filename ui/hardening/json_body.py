"""JSON that means one thing and can be read without exhausting anything."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.paths import API, is_below
from ui.hardening.problem import Problem
from ui.hardening.refusal import refuse

TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A string, or a bracket outside of one. A string without an end takes all the rest: else each quote in it would begin
one anew, and the time would grow with the square of the size."""
LARGE = 1 << 16
"""Bytes from which on a body is checked in a thread, so that other requests go on meanwhile."""


class InvalidJsonError(ValueError):
    """The body is refused; the text says why."""


def check(body: bytes, max_depth: int) -> None:
    """Raise InvalidJsonError unless `body` is JSON (RFC 8259) in UTF-8, nested at most `max_depth` deep.

    A name that occurs twice in an object is refused: readers differ on which one counts, and what a person approves
    must be what is carried out. NaN and Infinity are no JSON, though Python reads them.
    """
    # Before the parser: it recurses.
    if body.count(b"[") + body.count(b"{") > max_depth and _depth(body, max_depth) > max_depth:
        raise InvalidJsonError(f"lists and objects nest deeper than {max_depth}")
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except InvalidJsonError:
        raise
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError, and integers of more than 4,300 digits
        raise InvalidJsonError(str(error).partition("; use sys.set_int_max_str_digits")[0]) from error


def _depth(body: bytes, enough: int) -> int:
    depth = deepest = 0
    for match in TOKEN.finditer(body):
        match match.group()[0:1]:
            case b"[" | b"{":
                depth += 1
                deepest = max(deepest, depth)
                if deepest > enough:
                    break
            case b"]" | b"}":
                depth -= 1
    return deepest


def _once(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidJsonError(f"the name {json.dumps(name[:60])} occurs twice in an object")
        seen.add(name)


def _no_number(word: str) -> None:
    raise InvalidJsonError(f"{word} is no JSON number")


class JsonBody:
    """Answers 400 to a JSON body that `check` refuses.

    The body is read when the application asks for it, not before: one that turns a stranger away needs none of it.
    """

    def __init__(self, app: ASGIApp, max_depth: int) -> None:
        self.app = app
        self.max_depth = max_depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with its body checked if that is JSON."""
        if not _is_json(scope):
            await self.app(scope, receive, send)
            return
        read = False

        async def checked() -> Message:
            nonlocal read
            if read:
                return await receive()
            body = bytearray()
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return message
                body += message.get("body", b"")
                more = message.get("more_body", False)
            read = True
            whole = bytes(body)
            try:
                if len(whole) > LARGE:
                    await asyncio.to_thread(check, whole, self.max_depth)
                elif whole:
                    check(whole, self.max_depth)
            except InvalidJsonError as error:
                detail = f"The body cannot be used as JSON: {error}."
                raise refuse(scope, Problem(status=400, detail=detail)) from error
            return {"type": "http.request", "body": whole, "more_body": False}

        await self.app(scope, checked, send)


def _is_json(scope: Scope) -> bool:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    # FastAPI reads a body without a type as JSON.
    return kind == "application/json" or kind.endswith("+json") or (not kind and is_below(scope, API))
