"""Addresses of the site that need no sign-in, and those that a sign-in may lead to."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from starlette.types import Scope

HOME = "/"
LOGIN = "/login"
LOGOUT = "/logout"
OIDC = "/login/oidc"
OIDC_CALLBACK = "/login/oidc/callback"
LINKS = "/links"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1). TRACE is no method of this site."""
_HEALTH = frozenset({"/api/health", "/api/health/live", "/api/health/ready"})
_EVENTS = "/api/events/"
_LONGEST = 2048
_DECEIVING = re.compile(r"[\\\x00-\x20\x7f-\x9f]")
"""Browsers drop tabs and line ends of an address, and take a backslash for a slash."""


def changes_something(method: str) -> bool:
    """Whether a request of this method may change something."""
    return method not in _SAFE


def is_open(scope: Scope) -> bool:
    """Whether the application answers this request without knowing who asks: health, and events, which are signed."""
    method, path = str(scope["method"]), str(scope["path"])
    return (method in {"GET", "HEAD"} and path in _HEALTH) or (method == "POST" and path.startswith(_EVENTS))


def wanted(scope: Scope) -> str:
    """Path and query of the request, as the browser sent them."""
    raw = scope.get("raw_path") or quote(str(scope["path"])).encode()
    query = bytes(scope.get("query_string", b""))
    return (raw + b"?" + query if query else raw).decode("latin-1")


def local(address: str) -> str:
    """`address` if it is a path of this site that a sign-in can lead to, else the page itself."""
    if len(address) > _LONGEST or _DECEIVING.search(address) or not address.startswith("/"):
        return HOME
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    if (
        parts.scheme
        or parts.netloc
        or address.startswith("//")
        or parts.path == LOGOUT
        or f"{parts.path}/".startswith(f"{LOGIN}/")
    ):
        return HOME
    return address


def login_for(address: str) -> str:
    """The address of the login page that leads to `address` afterwards."""
    then = local(address)
    return LOGIN if then == HOME else f"{LOGIN}?next={quote(then, safe='')}"


def provider_for(address: str) -> str:
    """The address that sends people to the identity provider, and to `address` afterwards."""
    then = local(address)
    return OIDC if then == HOME else f"{OIDC}?next={quote(then, safe='')}"


def gate_address(gate: str) -> str:
    """Where the page shows a gate."""
    return f"/?gate={quote(gate, safe='')}"


def run_address(run: str) -> str:
    """Where the page shows a run."""
    return f"/?run={quote(run, safe='')}"
