"""Security headers and cookie flags of the web applications in the repository; silent where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pathspec

from agents.compliance_checker import declared
from agents.compliance_checker.outcome import Outcome
from agents.compliance_checker.schema import ComplianceParams, WebApp
from agents.compliance_checker.web import express, python, servers
from agents.compliance_checker.web.headers import HEADERS, NAMES, Cookie, Header, Site
from agents.contract.schema import Confidence, Finding, Severity
from agents.contract.workspace import Workspace

_FRAMEWORKS = frozenset({"flask", "django", "fastapi", "starlette", "quart", "express", "helmet"})
"""A repository of this name is the framework: what it creates in its sources is no application."""
_API = frozenset({"fastapi", "starlette"})


def check(params: ComplianceParams, workspace: Workspace) -> Outcome:
    """Every application with the headers it sets; one finding for each header it lacks."""
    if _FRAMEWORKS & declared.project_names(workspace):
        return Outcome()
    skip = pathspec.GitIgnoreSpec.from_lines(params.exclude)
    files = tuple(workspace.files(lambda name: not skip.match_file(name)))
    sites = [*express.find(workspace, files), *python.find(workspace, files), *servers.find(workspace, files)]
    in_front = {name for site in sites if site.fronts for name in site.present}
    behind = {name for site in sites if not site.fronts for name in site.present}
    applications = any(not site.fronts for site in sites)
    findings: list[Finding] = []
    apps: list[WebApp] = []
    for site in sites:
        # A header set in front holds for what is behind; one set behind passes through the server in front.
        present = site.present | in_front | (behind if applications else set())
        if site.framework == "include":
            continue
        missing = tuple(name for name in NAMES if name not in present)
        apps.append(
            WebApp(
                file=site.file,
                framework=site.framework,
                present=tuple(name for name in NAMES if name in present),
                missing=missing,
            )
        )
        # Behind an application's own server configuration the application is the one to speak of.
        if not (site.fronts and applications):
            findings += _missing(site, missing, workspace)
        findings += [_cookie(cookie, workspace) for cookie in site.cookies]
    return Outcome(findings=tuple(findings), headers=tuple(apps))


def _missing(site: Site, missing: tuple[str, ...], workspace: Workspace) -> Iterator[Finding]:
    for header in HEADERS:
        if header.name in missing:
            yield Finding(
                rule=header.rule,
                severity=Severity.INFO if site.framework in _API else header.severity,
                message=_lacking(site, header),
                file=site.file,
                line=site.line,
                snippet=workspace.line(site.file, site.line),
                remediation=f"Send it with every answer, e.g. `{header.name}: {header.value}`.",
                cwe=header.cwe,
                # A proxy outside the repository may add it.
                confidence=Confidence.MEDIUM,
            )


def _lacking(site: Site, header: Header) -> str:
    if header.name in site.dropped:
        return (
            f"`location /` of this nginx site has an add_header of its own and so inherits none: "
            f"its pages lack {header.name}, and {header.risk}."
        )
    return f"This {site.framework} site never sets {header.name}: {header.risk}."


def _cookie(cookie: Cookie, workspace: Workspace) -> Finding:
    risk = "scripts can read it" if cookie.flag == "HttpOnly" else "it also travels over plain HTTP"
    return Finding(
        rule=f"headers/cookie-{cookie.flag.lower()}",
        severity=Severity.WARNING,
        message=f"The session cookie is sent without {cookie.flag} ({cookie.what}): {risk}.",
        file=cookie.file,
        line=cookie.line,
        snippet=workspace.line(cookie.file, cookie.line),
        remediation=f"Switch {cookie.flag} on for every cookie that identifies a session.",
        cwe="CWE-1004" if cookie.flag == "HttpOnly" else "CWE-614",
        confidence=Confidence.MEDIUM,
    )
