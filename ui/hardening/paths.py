"""Which part of the site a request is for."""

from __future__ import annotations

from starlette.types import Scope

API = "/api"


def is_below(scope: Scope, prefix: str) -> bool:
    """Whether the request of `scope` is for `prefix` or something below it."""
    path = str(scope["path"])
    return path == prefix or path.startswith(f"{prefix}/")
