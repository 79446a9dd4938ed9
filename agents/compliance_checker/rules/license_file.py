"""The repository's own licence: a file with a known text that agrees with what the metadata declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from licenseclassifier import identify_license

from agents.compliance_checker import declared, spdx
from agents.compliance_checker.outcome import Outcome
from agents.compliance_checker.schema import ComplianceParams, LicenseInfo
from agents.contract.schema import Confidence, Finding, Severity
from agents.contract.workspace import Workspace

_NAME = re.compile(
    r"^(?P<stem>licen[sc]e|unlicense|copying|mit-licen[sc]e)(?P<variant>[-._](?!txt$|md$|rst$|markdown$)[\w.\-]+?)?"
    r"(?:\.(?:txt|md|rst|markdown))?$",
    re.IGNORECASE,
)
Identified = tuple[str, tuple[str, ...], Confidence]
"""A file, the licences in it in their order, and how sure that is."""
_LEVELS = ((75.0, Confidence.HIGH), (50.0, Confidence.MEDIUM), (25.0, Confidence.LOW))


def check(params: ComplianceParams, workspace: Workspace) -> Outcome:
    """Find the licence file, identify its text and compare it with metadata and with `project_license`."""
    stated = declared.declarations(workspace)
    clear = next((item for item in stated if item.spdx), None)
    shown = clear or (stated[0] if stated else None)
    file, found, confidence = _identified(workspace, clear)
    info = LicenseInfo(
        file=file,
        spdx=found,
        declared=(shown.spdx or shown.text) if shown else None,
        confidence=confidence,
    )
    findings = [*_presence(info, shown), *_agreement(info, clear), *_expectation(info, params)]
    return Outcome(findings=tuple(findings), license=info)


def _identified(workspace: Workspace, clear: declared.Declared | None) -> tuple[str | None, str | None, Confidence]:
    mains, variants = _candidates(workspace)
    for files in (mains, variants):
        known: list[Identified] = []
        for file in files:
            text = workspace.read_text(file)
            ids, confidence = _text(text or "")
            if ids:
                known.append((file, ids, confidence))
        if known and files is mains:
            file, ids, confidence = known[0]
            lesser = next((name for name in variants if "lesser" in name.lower()), None)
            if lesser:
                ids, confidence = _text(workspace.read_text(lesser) or "")
            return file, _main(ids, clear), confidence
        if known:
            return known[0][0], _choice(known, clear), known[0][2]
        if files:
            return files[0], None, Confidence.LOW
    return None, None, Confidence.LOW


def _main(ids: tuple[str, ...], clear: declared.Declared | None) -> str | None:
    """The licence of a file with several texts: the declared one when it is among them, else the first."""
    if clear and clear.spdx and ids and spdx.same_text(clear.spdx, " AND ".join(ids)):
        return clear.spdx
    return ids[0] if ids else None


def _choice(known: list[Identified], clear: declared.Declared | None) -> str:
    ids = tuple(dict.fromkeys(item[1][0] for item in known))
    stated = _main(ids, clear)
    if clear and stated == clear.spdx and stated:
        return stated
    # REUSE's folder holds every licence that is used somewhere; files side by side leave a choice.
    return (" AND " if known[0][0].startswith("LICENSES/") else " OR ").join(ids)


def _candidates(workspace: Workspace) -> tuple[list[str], list[str]]:
    mains: list[str] = []
    variants: list[str] = []
    for file in workspace.files():
        parts = PurePosixPath(file).parts
        if len(parts) == 1 and (match := _NAME.match(file)):
            (variants if match["variant"] else mains).append(file)
        elif len(parts) == 2 and parts[0] == "LICENSES":
            variants.append(file)
    order = ("license", "licence", "mit-license", "unlicense", "copying")
    mains.sort(key=lambda name: next((i for i, stem in enumerate(order) if name.lower().startswith(stem)), 9))
    return mains, variants


def _text(text: str) -> tuple[tuple[str, ...], Confidence]:
    for coverage, confidence in _LEVELS:
        ids = tuple(dict.fromkeys(match.id for match in identify_license(text, coverage_threshold=coverage)))
        known = tuple(name for name in (spdx.normalize(item) for item in ids) if name)
        if known:
            return known, confidence
    return (), Confidence.LOW


def _presence(info: LicenseInfo, shown: declared.Declared | None) -> Iterator[Finding]:
    if info.file is None:
        where = f"; {shown.file} declares {shown.text!r}" if shown and len(shown.text) < 80 else ""
        yield Finding(
            rule="license/missing-file",
            severity=Severity.WARNING if shown else Severity.ERROR,
            message=f"The root has no licence file{where}: nobody knows what is permitted.",
            file=shown.file if shown else None,
            line=shown.line if shown else None,
            remediation="Add a file LICENSE with the full text of the licence the project is under.",
        )
    elif info.spdx is None:
        yield Finding(
            rule="license/unrecognised-text",
            severity=Severity.WARNING,
            message=f"{info.file} is not the text of a licence that SPDX lists, or is much changed.",
            file=info.file,
            line=1,
            remediation="Use an unchanged standard text; keep notices about other components elsewhere.",
            confidence=Confidence.MEDIUM,
        )


def _agreement(info: LicenseInfo, clear: declared.Declared | None) -> Iterator[Finding]:
    if info.spdx and clear and clear.spdx and not spdx.same_text(info.spdx, clear.spdx):
        yield Finding(
            rule="license/declaration-differs",
            severity=Severity.ERROR if info.confidence is Confidence.HIGH else Severity.WARNING,
            message=f"{clear.file} declares {clear.spdx}, but the text in {info.file} is {info.spdx}.",
            file=clear.file,
            line=clear.line,
            remediation="Decide which one holds, then make the metadata and the licence file say the same.",
            confidence=info.confidence,
        )


def _expectation(info: LicenseInfo, params: ComplianceParams) -> Iterator[Finding]:
    if params.project_license is None:
        return
    wanted = spdx.normalize(params.project_license) or params.project_license
    actual = info.spdx or spdx.normalize(info.declared)
    if actual is None or not spdx.same_text(actual, wanted):
        yield Finding(
            rule="license/not-expected",
            severity=Severity.ERROR,
            message=f"The project should be under {wanted}; found is {actual or 'none'}.",
            file=info.file,
            line=1 if info.file else None,
            remediation=f"Put the project under {wanted}, or change the workflow's `project_license`.",
        )
