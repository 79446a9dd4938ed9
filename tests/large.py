"""Runs with very many findings, kept as a run keeps them."""

from __future__ import annotations

import threading
from uuid import UUID

from prefect import flow, tags
from prefect.runtime import flow_run
from prefect.states import Completed

from agents.contract.schema import Finding, Severity
from flows.execution.tenancy import workspace_tag
from flows.people import DEFAULT_WORKSPACE
from flows.reports import archive
from flows.reports.schema import RunStatus
from tests.flows.reports.conftest import run_of

FINDINGS = 100_000
WORKFLOW = "health-check"


def findings(first: int = 0) -> list[Finding]:
    """As many of 40 rules in 1,000 files, numbered from `first` on in message and code."""
    severities = list(Severity)
    return [
        Finding(
            rule=f"group-{number % 4}/rule-{number % 40}",
            severity=severities[number % 4],
            message=f"Finding {number:06d}: what is passed on here was never looked at.",
            file=f"src/pkg/mod_{number % 1000}.py",
            line=number - first + 1,
            snippet=f"call({number:06d}) or other",
            remediation="Look at it before it is passed on; the documentation of the framework says how.",
            cwe="CWE-89",
        )
        for number in range(first, first + FINDINGS)
    ]


@flow(name="dockyard", persist_result=False)
def _large(repository: str, workflow: str, first: int) -> object:
    known = {"run": flow_run.id, "name": flow_run.name, "workflow": workflow, "repository": repository}
    archive.save(run_of(findings(first), status=RunStatus.COMPLETED, **known))
    return Completed(data=None)


def keep_large(repository: str, first: int = 0) -> UUID:
    """A finished run of the Prefect server, its report written as a run writes it, with all that is kept beside it."""
    with tags(workspace_tag(DEFAULT_WORKSPACE)):
        state = _large(repository, WORKFLOW, first, return_state=True)
    assert state.is_completed(), state.message
    for thread in threading.enumerate():
        if thread.name == "index":  # at the end of a process Python itself waits for it
            thread.join()
    return UUID(str(state.state_details.flow_run_id))
