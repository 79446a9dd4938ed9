"""The API's description, as OpenAPI and as a page of plain HTML that needs nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from markupsafe import Markup
from starlette.responses import HTMLResponse, JSONResponse, Response

from agents.contract.schema import Frozen
from ui.access.cookies import SESSION
from ui.access.principal import principal_of
from ui.api import problems
from ui.api.access import Needs

DOCS = "/docs"
OPENAPI = "/openapi.json"

_AS_A_SESSION = (
    "As the page signs in; on TLS the cookie's name begins with __Host-. What changes something takes the header "
    "X-CSRF-Token, too: GET /session gives it."
)
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token; `dockyard tokens` makes one."},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": _AS_A_SESSION},
}

_STYLE = Markup(
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code{font-family:ui-monospace,monospace}section{border-top:1px solid #8886;padding:.5rem 0}"
    "table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0}"
)


class Operation(Frozen):
    """One thing that the API does. `scope` is empty where it takes none; `open` says that nobody need be signed in."""

    method: str
    path: str
    summary: str
    text: str
    scope: str
    open: bool
    takes: tuple[tuple[str, str, str], ...]
    answers: tuple[tuple[str, str], ...]


def describe(app: FastAPI) -> None:
    """Let `app` tell what it does, at `OPENAPI` and `DOCS`, to whoever is signed in."""
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's way of extending the description

    async def openapi(request: Request) -> Response:
        principal_of(request)
        return JSONResponse(app.openapi() | {"servers": [{"url": request.scope.get("root_path", "")}]})

    async def docs(request: Request) -> Response:
        principal_of(request)
        return HTMLResponse(_page(app))

    app.add_route(OPENAPI, openapi, include_in_schema=False)
    app.add_route(DOCS, docs, include_in_schema=False)


def operations(app: FastAPI) -> Iterator[Operation]:
    """What the API does, in the order of its routes."""
    for route in _routes(app):
        for method in sorted(route.methods or ()):
            said = app.openapi()["paths"][route.path_format][method.lower()]
            yield Operation(
                method=method,
                path=route.path_format,
                summary=said["summary"],
                text=said.get("description", ""),
                scope=_scope(route),
                open=_needs(route) is None,
                takes=tuple((one["name"], one["in"], one.get("description", "")) for one in said.get("parameters", ())),
                answers=tuple((status, one["description"]) for status, one in sorted(said["responses"].items())),
            )


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {})[problems.SCHEMA] = problems.schema()
        parts["securitySchemes"] = _SECURITY
        for route in _routes(app):
            scope = _scope(route)
            for method in route.methods or ():
                said = document["paths"][route.path_format][method.lower()]
                said["security"] = [{"token": []}, {"session": []}] if _needs(route) else []
                if scope:
                    said["x-scope"] = scope
        app.openapi_schema = document
    return app.openapi_schema


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    return (route for route in app.routes if isinstance(route, APIRoute) and route.include_in_schema)


def _needs(route: APIRoute) -> Needs | None:
    return next((part.call for part in route.dependant.dependencies if isinstance(part.call, Needs)), None)


def _scope(route: APIRoute) -> str:
    needs = _needs(route)
    return needs.scope.value if needs and needs.scope else ""


def _page(app: FastAPI) -> Markup:
    body = Markup("").join(_section(operation) for operation in operations(app))
    return Markup(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>{title}</title><style>{style}</style><main><h1>{title}</h1><p>{text}</p>"
        "<p>The same for programs: <a href='openapi.json'>openapi.json</a>.</p>{body}</main></html>"
    ).format(title=app.title, style=_STYLE, text=app.description, body=body)


def _section(operation: Operation) -> Markup:
    takes = Markup("").join(
        Markup("<tr><td><code>{}</code><td>{}<td>{}</tr>").format(name, where, text) for name, where, text in operation.takes
    )
    answers = Markup("").join(
        Markup("<tr><td><code>{}</code><td>{}</tr>").format(status, text) for status, text in operation.answers
    )
    needs = Markup("<p>Needs <code>{}</code>.</p>").format(operation.scope) if operation.scope else Markup("")
    return Markup(
        "<section><h2><code>{method} /api{path}</code></h2><p>{summary}. {text}</p>{needs}"
        "<details><summary>Details</summary><table>{takes}</table><table>{answers}</table></details></section>"
    ).format(
        method=operation.method,
        path=operation.path,
        summary=operation.summary,
        text=operation.text,
        needs=needs,
        takes=takes,
        answers=answers,
    )
