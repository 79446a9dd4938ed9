"""Reading a small form."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

LARGEST = 16 * 1024
"""Bytes: an address, a name and the longest password, each byte of it written as three."""
_FIELDS = 16


class FormError(Exception):
    """What came is no form of ours."""


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent as browsers do. Raises FormError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise FormError("this is not what the form sends; load the page again")
    body = bytearray()
    async for piece in request.stream():
        body.extend(piece)
        if len(body) > LARGEST:
            raise FormError("this is more than the form takes")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"))
    except ValueError as error:
        raise FormError("this is not what the form sends; load the page again") from error
