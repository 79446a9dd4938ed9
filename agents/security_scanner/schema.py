"""Params, report and manifest of the security-scanner."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agents.contract.manifest import Limits, Manifest
from agents.contract.schema import Confidence, Frozen, Params, Report


class Scope(StrEnum):
    """One category of weakness. Its name is the first half of its findings' `rule`."""

    SECRETS = "secrets"
    SQL_INJECTION = "sql-injection"
    XSS = "xss"
    COMMAND_INJECTION = "command-injection"
    CODE_INJECTION = "code-injection"
    DESERIALIZATION = "deserialization"
    WEAK_CRYPTO = "weak-crypto"
    PATH_TRAVERSAL = "path-traversal"
    SSRF = "ssrf"
    XXE = "xxe"
    OPEN_REDIRECT = "open-redirect"
    INSECURE_TLS = "insecure-tls"
    AUTHENTICATION = "authentication"
    MISCONFIGURATION = "misconfiguration"


class SecurityScanParams(Params):
    """What to look for and where."""

    scope: Annotated[
        Literal["all"] | Scope | tuple[Scope, ...],
        Field(description="`all`, one category or a list of categories"),
    ] = "all"
    exclude: Annotated[tuple[str, ...], Field(description="globs in .gitignore manner of files to leave out")] = ()
    include_tests: Annotated[
        bool,
        Field(description="whether test code is read; what is found there counts one severity lower, with low confidence"),
    ] = True
    min_confidence: Annotated[Confidence, Field(description="findings that their rule is less sure of are left out")] = (
        Confidence.LOW
    )

    @property
    def scopes(self) -> frozenset[Scope]:
        """The categories to look for."""
        if self.scope == "all":
            return frozenset(Scope)
        return frozenset((self.scope,)) if isinstance(self.scope, Scope) else frozenset(self.scope)


class CategoryCount(Frozen):
    """How many findings one category has; never 0."""

    category: str
    count: int


class SecurityScan(Report):
    """The security-scanner's report.

    `rules_run` counts the code rules; the secrets engine has rules of its own. `by_category` comes with the
    largest count first.
    """

    rules_run: int = 0
    by_category: tuple[CategoryCount, ...] = ()


MANIFEST = Manifest(
    name="security-scanner",
    version="0.1.0",
    description="Secrets and dangerous code: injection, XSS, unsafe deserialisation, weak cryptography and more.",
    params=SecurityScanParams,
    report=SecurityScan,
    limits=Limits(memory_mb=3072, cpus=2.0, timeout_seconds=1800.0),
)
