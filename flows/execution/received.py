"""What is done with an agent's report before anybody sees it: nothing in it is trusted, and what is missing is filled in."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from agents.contract.schema import Report, Summary, finish
from flows.errors import NodeFailedError


def received(report: Report, agent: str) -> Report:
    """The report with every finding's fingerprint and the findings counted.

    Raises NodeFailedError for a file outside the workspace: whoever opens what a report names would open another file.
    """
    for file in (*(one.file for one in report.findings), *(one.file for one in report.notes)):
        if file is not None and _outside(file):
            raise NodeFailedError(f"{agent} names a file outside the workspace: {file[:200]!r}")
    found = report.findings
    if not all(finding.fingerprint for finding in found):
        found = finish(found)
    return report.model_copy(update={"findings": found, "summary": Summary.of(found)})


def _outside(file: str) -> bool:
    if not file or file.startswith(("/", "~")) or "\0" in file or PureWindowsPath(file).drive:
        return True
    return ".." in file and ".." in PurePosixPath(file.replace("\\", "/")).parts
