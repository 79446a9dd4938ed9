"""The licences of dependencies against the policy in the params."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pathspec

from agents.compliance_checker import declared, spdx
from agents.compliance_checker.dependencies import installed, npm, python
from agents.compliance_checker.dependencies.declaration import Declaration
from agents.compliance_checker.outcome import Outcome
from agents.compliance_checker.schema import DENIED_BY_DEFAULT, ComplianceParams, Dependency, Status
from agents.contract.schema import Confidence, Finding, NoteKind, Severity
from agents.contract.workspace import Workspace

_COPYLEFT = ("GPL-", "AGPL-")


def check(params: ComplianceParams, workspace: Workspace) -> Outcome:
    """Every declared dependency with its licence and what the policy says of it."""
    deny = _denied(params, workspace)
    dependencies = [_judged(item, params, deny) for item in _declarations(params, workspace)]
    unresolved = Counter(item.file for item in dependencies if item.status is Status.UNRESOLVED)
    for file, count in sorted(unresolved.items()):
        detail = f"licences not resolved: {count}; nothing in the repository states them"
        workspace.note(NoteKind.UNRESOLVED, file, detail)
    findings = [finding for item in dependencies for finding in _findings(item, params, workspace)]
    return Outcome(findings=tuple(findings), dependencies=tuple(dependencies))


def _declarations(params: ComplianceParams, workspace: Workspace) -> list[Declaration]:
    skip = pathspec.GitIgnoreSpec.from_lines(params.exclude)

    def keep(file: str) -> bool:
        return not skip.match_file(file)

    known = installed.licenses(workspace)
    found: dict[tuple[str, str, str], Declaration] = {}
    for item in npm.declarations(workspace, keep):
        found.setdefault((item.name, item.file, item.version or ""), item)
    own = {name.replace("_", "-") for name in declared.project_names(workspace)}
    for item in python.declarations(workspace, keep):
        if item.name in own:
            continue
        stated = known.get(item.name)
        resolved = replace(item, license=stated[0], source=stated[1]) if stated else item
        found.setdefault((item.name, item.file, item.version or ""), resolved)
    # What a manifest names is pointed to there; a lock's entry with the same licence would say it twice.
    direct = {(item.ecosystem, item.name, item.license) for item in found.values() if not _is_lock(item.file)}
    return [
        item for item in found.values() if not _is_lock(item.file) or (item.ecosystem, item.name, item.license) not in direct
    ]


def _is_lock(file: str) -> bool:
    return file.lower().endswith((".lock", "-lock.json", "-shrinkwrap.json", "pylock.toml"))


def _denied(params: ComplianceParams, workspace: Workspace) -> tuple[str, ...]:
    if params.allow or params.deny:
        return params.deny
    own = next((item.spdx for item in declared.declarations(workspace) if item.spdx), None)
    if own and any(key.startswith(_COPYLEFT) for key in spdx.keys(own)):
        # A project under the GPL may well use the GPL.
        return tuple(item for item in DENIED_BY_DEFAULT if not item.startswith(_COPYLEFT))
    return DENIED_BY_DEFAULT


def _judged(item: Declaration, params: ComplianceParams, deny: tuple[str, ...]) -> Dependency:
    expression = spdx.normalize(item.license)
    if item.license is None:
        status = Status.UNRESOLVED
    elif expression is None:
        status = Status.UNKNOWN
    else:
        status = Status.ALLOWED if spdx.permitted(expression, params.allow, deny) else Status.DENIED
    return Dependency(
        name=item.name,
        version=item.version,
        ecosystem=item.ecosystem,
        license=expression or item.license,
        source=item.source,
        status=status,
        file=item.file,
        line=item.line,
    )


def _findings(item: Dependency, params: ComplianceParams, workspace: Workspace) -> Iterator[Finding]:
    chosen = bool(params.allow or params.deny)
    if item.status is Status.DENIED:
        why = "which the workflow's policy denies" if chosen else "which asks more than most projects accept"
        yield Finding(
            rule="license/denied-dependency",
            severity=Severity.ERROR if chosen else Severity.WARNING,
            message=f"{item.name} is under {item.license}, {why}.",
            file=item.file,
            line=item.line,
            snippet=workspace.line(item.file, item.line),
            remediation="Replace it, get a licence that fits, or permit it in the workflow's `allow`.",
            confidence=Confidence.HIGH,
        )
    elif item.status is Status.UNKNOWN:
        yield Finding(
            rule="license/unknown-dependency",
            severity=Severity.WARNING,
            message=f"{item.name} states its licence as {(item.license or '')[:120]!r}: no SPDX expression.",
            file=item.file,
            line=item.line,
            snippet=workspace.line(item.file, item.line),
            remediation="Read the package's licence text and decide whether the project may use it.",
            confidence=Confidence.MEDIUM,
        )
