"""What goes wrong, as problem documents: which status an error of the hub has, and how the description says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import Response

from flows.errors import ConflictError, DockyardError, InvalidInputError, UnavailableError, UnknownError
from flows.service.accounts import (
    AccountExistsError,
    ForbiddenError,
    LastAdminError,
    LinkExpiredError,
    LinkUsedError,
    NotSignedInError,
    TooManyAttemptsError,
    UnknownAccountError,
    UnknownTokenError,
)
from flows.service.approvals import ApprovalError, DecidedAlreadyError, NotAllowedError, PolicyError
from flows.service.lint import DefinitionError
from ui.hardening.problem import MEDIA_TYPE, Problem, answer

RETRY_SECONDS = 5
"""After which a part that did not answer may be asked for again."""

SCHEMA = "ProblemDocument"
"""The name of the document's schema in the API's description."""

_STATUS: Mapping[type[DockyardError], int] = {
    InvalidInputError: 422,
    UnknownError: 404,
    ConflictError: 409,
    UnavailableError: 503,
    PolicyError: 503,  # whoever runs the hub must mend it; nobody who asks could
    NotSignedInError: 401,
    ForbiddenError: 403,
    UnknownAccountError: 404,
    UnknownTokenError: 404,
    AccountExistsError: 409,
    LastAdminError: 409,
    LinkUsedError: 410,
    LinkExpiredError: 410,
    TooManyAttemptsError: 429,
    ApprovalError: 409,
    NotAllowedError: 403,
    DecidedAlreadyError: 409,
}

_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": str(RETRY_SECONDS)},
}

_WHEN = {
    400: "The body is no JSON that can be read.",
    401: "Nobody is signed in.",
    403: "Who asks may not do this.",
    404: "There is no such thing, or none that who asks may know of.",
    405: "Nothing of that kind can be done with it.",
    408: "The body came too slowly.",
    409: "As it stands now this cannot be done.",
    413: "The body is too large.",
    422: "What was given cannot be used; the document says what and why.",
    429: "Too many requests; `Retry-After` says when to come again.",
    503: "A part that is needed does not answer, such as the database or the Prefect server.",
}

EVERYWHERE = (400, 401, 403, 404, 405, 408, 413, 422, 429, 503)
"""What any operation may answer."""

Responses = dict[int | str, dict[str, Any]]
"""As FastAPI takes them."""


def problems(*statuses: int) -> Responses:
    """How the API's description says that an operation may answer with these."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{SCHEMA}"}}}
    return {status: {"description": _WHEN[status], "content": content} for status in statuses}


def schema() -> dict[str, JsonValue]:
    """The JSON Schema of a problem document."""
    text: JsonValue = {"type": "string"}
    return {
        "title": SCHEMA,
        "description": "One error, after RFC 9457: what is wrong, and what to do next.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "URI of the kind of error."},
            "title": {"type": "string", "description": "What kind of error it is."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong, and what to do next."},
            "instance": text,
            "request_id": {"type": "string", "description": "What to name when asking whoever runs the hub."},
            "errors": {
                "description": "Each thing that is wrong with what was given, and where.",
                "type": "array",
                "items": {"type": "object", "properties": {"at": text, "message": text}},
            },
            "problems": {
                "description": "Each thing that is wrong with a workflow's text.",
                "type": "array",
                "items": {"type": "object"},
            },
        },
        "required": ["type", "title", "status"],
    }


def answer_errors(app: FastAPI) -> None:
    """Let `app` answer every error of the hub, of a request's form and of the framework with a problem document."""
    app.add_exception_handler(DockyardError, _of_the_hub)
    app.add_exception_handler(RequestValidationError, _of_the_form)
    app.add_exception_handler(HTTPException, _of_the_framework)


def status_of(error: DockyardError) -> int:
    """The status that says best what kind of error it is."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def _of_the_hub(request: Request, error: Exception) -> Response:
    known = cast("DockyardError", error)  # Starlette calls a handler for its own kind of error alone
    status = status_of(known)
    extensions: dict[str, JsonValue] = {}
    if isinstance(known, DefinitionError):
        extensions["problems"] = [problem.model_dump(mode="json") for problem in known.problems]
    headers = dict(_HEADERS.get(status, {}))
    if isinstance(known, TooManyAttemptsError):
        headers["Retry-After"] = str(known.retry_after)
    return answer(Problem(status=status, detail=str(known), extensions=extensions), request.scope, headers)


def _of_the_form(request: Request, error: Exception) -> Response:
    wrong = cast("RequestValidationError", error).errors()
    # What was given is not repeated: it may be a password.
    errors: list[JsonValue] = [{"at": _place(item["loc"]), "message": str(item["msg"])} for item in wrong]
    detail = "; ".join(f"{_place(item['loc'])}: {item['msg']}" for item in wrong[:3])
    broken = any(item["type"] == "json_invalid" for item in wrong)
    problem = Problem(status=400 if broken else 422, detail=detail, extensions={"errors": errors})
    return answer(problem, request.scope)


def _of_the_framework(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    detail = "" if known.detail == HTTPStatus(known.status_code).phrase else known.detail
    if known.status_code == 404 and not detail:
        detail = "There is nothing at this address; /api/docs lists what there is."
    return answer(Problem(status=known.status_code, detail=detail), request.scope, known.headers)


def _place(parts: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in parts)
