"""A run's report over the API: every format, and very many findings a page at a time."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from agents.contract.schema import Finding, Severity
from flows.reports import archive
from flows.reports.schema import RunReport
from flows.service import Format
from tests.flows.reports.conftest import run_of
from tests.rendered import findings_of
from tests.ui.api.conftest import As
from tests.ui.api.test_build import GATE, detail


def finding(number: int, severity: Severity = Severity.WARNING, rule: str = "demo/high-complexity") -> Finding:
    return Finding(rule=rule, severity=severity, message=f"Number {number}.", file="app.py", line=number + 1)


@pytest.fixture
def kept(server_is_elsewhere: None) -> RunReport:
    """A finished run's report, kept where runs keep it."""
    findings = [finding(number) for number in range(120)]
    report = run_of([*findings, finding(500, Severity.CRITICAL, "demo/aws-key")], run=GATE)
    archive.save(report)
    return report


@pytest.mark.parametrize("form", [*Format])
def test_a_report_comes_in_every_format_as_a_file(clients: As, kept: RunReport, form: Format) -> None:
    response = clients().get(f"/api/runs/{GATE}/report?format={form.value}")
    assert response.status_code == 200, response.text
    assert response.headers["content-disposition"].startswith(f'attachment; filename="dockyard-{GATE}.')
    # An SBOM is of what the repository is made of, not of what was found in it.
    assert ('"bomFormat"' if form is Format.CYCLONEDX else "Number 119.") in response.text
    if form in (Format.JSON, Format.SARIF):
        assert response.headers["content-type"].endswith("json")
        assert json.loads(response.text)


def test_findings_come_worst_first_a_page_at_a_time(clients: As, kept: RunReport) -> None:
    client, path = clients(), f"/api/runs/{GATE}/findings"
    seen, offset = [], 0
    while offset is not None:
        page = client.get(path, params={"limit": 50, "offset": offset}).json()
        seen += page["items"]
        offset = page["next_offset"]
    assert [one["finding"]["message"] for one in seen] == [one.message for _, one in findings_of(kept)]
    assert seen[0] == {"node": "scan", "finding": seen[0]["finding"]}
    assert seen[0]["finding"]["severity"] == "critical"


def test_findings_can_be_chosen(clients: As, kept: RunReport) -> None:
    client, path = clients(), f"/api/runs/{GATE}/findings"
    assert [one["finding"]["rule"] for one in client.get(f"{path}?severity=error").json()["items"]] == ["demo/aws-key"]
    assert client.get(f"{path}?rule=demo/aws-key&limit=1").json()["next_offset"] is None
    assert client.get(f"{path}?rule=nothing").json() == {"items": [], "next_offset": None}
    assert detail(client.get(f"{path}?severity=awful"), 422)


def test_a_run_without_a_report_has_none(clients: As, kept: RunReport) -> None:
    other = UUID(int=7)
    assert "has no report" in detail(clients().get(f"/api/runs/{other}/report"), 404)
    assert "has no report" in detail(clients().get(f"/api/runs/{other}/findings"), 404)
    assert detail(clients().get(f"/api/runs/{GATE}/report?format=exe"), 422)
