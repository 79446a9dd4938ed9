"""Params, report and manifest of the compliance-checker."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agents.contract.manifest import Manifest
from agents.contract.schema import Confidence, Frozen, Params, Report


class Scope(StrEnum):
    """One area that can be checked."""

    LICENSES = "licenses"
    SECRETS = "secrets"
    HEADERS = "headers"


DENIED_BY_DEFAULT = (
    "AGPL-1.0-only", "AGPL-1.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "BUSL-1.1", "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0", "Elastic-2.0", "GPL-1.0-only", "GPL-1.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later",
    "GPL-3.0-only", "GPL-3.0-or-later", "OSL-3.0", "SSPL-1.0",
)  # fmt: skip
"""Strong copyleft and limits of use. A question for a person: a hit is a warning, no error."""


class ComplianceParams(Params):
    """What to check and by which licence policy.

    `scope` is `all`, one area or a list of areas. `allow` and `deny` hold SPDX ids for the licences of
    dependencies: with `allow` everything outside it is denied; without either, `DENIED_BY_DEFAULT` holds.
    `project_license` is the SPDX expression the repository itself should have. `exclude` holds globs in
    gitignore manner, for every scope.
    """

    scope: Annotated[Literal["all"] | Scope | tuple[Scope, ...], Field(description="`all`, one area or a list of areas")] = (
        "all"
    )
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    project_license: str | None = None
    exclude: tuple[str, ...] = ()

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The areas to check."""
        if self.scope == "all":
            return tuple(Scope)
        return (self.scope,) if isinstance(self.scope, Scope) else self.scope


class Status(StrEnum):
    """What the policy says about a dependency's licence; UNRESOLVED: nothing here states it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    UNRESOLVED = "unresolved"


class LicenseInfo(Frozen):
    """The repository's own licence: `spdx` read from the text in `file`, `declared` by its metadata."""

    file: str | None = None
    spdx: str | None = None
    declared: str | None = None
    confidence: Confidence = Confidence.LOW


class Dependency(Frozen):
    """One dependency. `source` says where its licence was read; `file` and `line` where it is declared."""

    name: str
    version: str | None
    ecosystem: Literal["python", "npm"]
    license: str | None
    source: str | None
    status: Status
    file: str
    line: int


class WebApp(Frozen):
    """One web application or server configuration with the security headers it sets and lacks."""

    file: str
    framework: str
    present: tuple[str, ...]
    missing: tuple[str, ...]


class ComplianceReport(Report):
    """Findings of all scopes, with the facts behind them."""

    license: LicenseInfo | None = None
    dependencies: tuple[Dependency, ...] = ()
    headers: tuple[WebApp, ...] = ()


MANIFEST = Manifest(
    name="compliance-checker",
    version="0.1.0",
    description="Checks licence, dependency licences, secrets and security headers of a repository.",
    params=ComplianceParams,
    report=ComplianceReport,
)
