"""The security headers that are looked for, and what one application was found to set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agents.contract.schema import Severity

CSP, HSTS, FRAME = "Content-Security-Policy", "Strict-Transport-Security", "X-Frame-Options"
NOSNIFF, REFERRER, PERMISSIONS = "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"


@dataclass(frozen=True)
class Header:
    """One security header: what its absence means (severity, CWE) and a value to begin with."""

    name: str
    severity: Severity
    cwe: str
    risk: str
    value: str

    @property
    def rule(self) -> str:
        """The rule's name: `headers/<header in lower case>`."""
        return f"headers/{self.name.lower()}"


HEADERS = (
    Header(CSP, Severity.WARNING, "CWE-693", "injected scripts run unhindered", "default-src 'self'"),
    Header(HSTS, Severity.WARNING, "CWE-319", "a first request over HTTP can be intercepted", "max-age=31536000"),
    Header(FRAME, Severity.WARNING, "CWE-1021", "other sites can frame its pages for clickjacking", "DENY"),
    Header(NOSNIFF, Severity.WARNING, "CWE-693", "browsers may guess a file's type and run it", "nosniff"),
    Header(
        REFERRER,
        Severity.INFO,
        "CWE-200",
        "full addresses leak to other sites",
        "strict-origin-when-cross-origin",
    ),
    Header(
        PERMISSIONS,
        Severity.INFO,
        "CWE-693",
        "embedded pages may ask for camera or place",
        "camera=(), geolocation=()",
    ),
)
NAMES = tuple(header.name for header in HEADERS)
_BY_LOWER = {name.lower(): name for name in NAMES}


def known(name: str) -> str | None:
    """The canonical name of a header we look for, else None."""
    return _BY_LOWER.get(name.strip().lower())


def frames_in(policy: str) -> set[str]:
    """A policy with `frame-ancestors` does what X-Frame-Options does."""
    return {FRAME} if re.search(r"\bframe-?ancestors\b", policy, re.IGNORECASE) else set()


@dataclass(frozen=True)
class Cookie:
    """A session cookie without one of its flags."""

    flag: str
    file: str
    line: int
    what: str


@dataclass
class Site:
    """A served application or server configuration. `line` is where it is created."""

    file: str
    framework: str
    line: int
    present: set[str] = field(default_factory=set)
    cookies: list[Cookie] = field(default_factory=list)
    fronts: bool = False
    """Whether it is a server that others stand behind: its headers count for them, too."""
    dropped: frozenset[str] = frozenset()
    """Headers that the server sets and its pages' location does not inherit."""
