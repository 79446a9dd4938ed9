"""Errors as people's programs read them: `application/problem+json` of RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import Response
from starlette.types import Scope

from ui.hardening.request_id import request_id

MEDIA_TYPE = "application/problem+json"

OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "request_id"})


class Problem(BaseModel):
    """One error. The detail says what is wrong and what to do next; it never repeats a secret or a stack."""

    model_config = ConfigDict(frozen=True)

    status: int = Field(ge=400, le=599)
    title: str = Field(default="", description="What kind of error it is, the same each time; default: the status's phrase.")
    detail: str = ""
    type: str = Field(default="about:blank", description="URI of the kind of error.")
    instance: str | None = Field(default=None, description="URI of what it happened to.")
    extensions: Mapping[str, JsonValue] = Field(default_factory=dict, description="Members beside the standard ones.")

    def document(self, reference: str | None) -> dict[str, JsonValue]:
        """The JSON document, with the request's id as `reference` so that a person can name what they saw."""
        document: dict[str, JsonValue] = {
            "type": self.type,
            "title": self.title or HTTPStatus(self.status).phrase,
            "status": self.status,
        }
        optional = {"detail": self.detail, "instance": self.instance, "request_id": reference}
        document.update({key: value for key, value in optional.items() if value})
        document.update({key: value for key, value in self.extensions.items() if key not in OWN_MEMBERS})
        return document


def answer(problem: Problem, scope: Scope, headers: Mapping[str, str] | None = None) -> Response:
    """`problem` as the response to the request of `scope`, with `headers` beside those it needs."""
    body = json.dumps(problem.document(request_id(scope)), ensure_ascii=False).encode()
    return Response(body, problem.status, headers, MEDIA_TYPE)
