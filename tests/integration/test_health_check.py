"""The main job: the shipped workflow `health-check` over real repositories, by every way a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterTaskRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)

from agents.code_reviewer.schema import CodeReview
from agents.compliance_checker.schema import ComplianceReport
from flows.definition.status import NodeStatus
from flows.reports.schema import NodeReport, RunReport, RunStatus
from flows.settings import ROOT
from tests.integration.conftest import PREFECT, Workers
from tests.integration.known_repositories import KNOWN
from tests.rendered import findings_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.engine, pytest.mark.timeout(1800)]

DOCKYARD = str(Path(sys.executable).with_name("dockyard"))
RUN_SECONDS = 900
NODES = ("compliance", "review", "security", "notify")

Check = Callable[[str], RunReport]


def command(arguments: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the product to its end; its output goes into the failure."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=environment or dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def deployment_run(
    workers: Workers, agent_image: str, real_repository: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Check]:
    """Checks a package in containers, started with `prefect deployment run`; each once."""
    command([DOCKYARD, "deploy"])
    state = str(tmp_path_factory.mktemp("state"))
    reports: dict[str, RunReport] = {}

    def check(name: str) -> RunReport:
        if name not in reports:
            start = [PREFECT, "deployment", "run", "dockyard/health-check", "--flow-run-name", f"deployment-{name}"]
            start += ["--param", f"repository={real_repository(name)}", "--param", "runtime=docker"]
            command([*start, "--watch", "--watch-interval", "1"])
            shown = command([DOCKYARD, "report", f"deployment-{name}", "--format", "json"])
            reports[name] = RunReport.model_validate_json(shown.stdout)
        return reports[name]

    with workers.start("dockyard", "health-check", DOCKYARD_STATE_DIR=state):
        yield check


@pytest.fixture(scope="module")
def local_runtime(
    deployment_run: Check, real_repository: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Check:
    """Checks a package without containers, started with `dockyard run`."""

    def check(name: str) -> RunReport:
        file = tmp_path_factory.mktemp(name) / "report.json"
        start = [DOCKYARD, "run", "health-check", "--repository", str(real_repository(name)), "--runtime", "local"]
        command([*start, "--json", str(file)])
        return RunReport.model_validate_json(file.read_bytes())

    return check


@pytest.fixture(scope="module")
def make_run(
    agent_image: str, real_repository: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Check]:
    """Checks a package with `make run`, which starts a server and a worker of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MAKE", "MFLAGS"))}
    environment = inherited | {"DOCKYARD_STATE_DIR": str(tmp_path_factory.mktemp("state"))}

    def check(name: str) -> RunReport:
        file = tmp_path_factory.mktemp(name) / "report.json"
        command(["make", "run", f"REPO={real_repository(name)}", f"ARGS=--json {file}"], environment)
        return RunReport.model_validate_json(file.read_bytes())

    yield check
    command([DOCKYARD, "down"], environment)


def node(report: RunReport, name: str) -> NodeReport:
    """The run's node of that id, which must have completed."""
    (found,) = (each for each in report.nodes if each.node == name)
    assert found.status is NodeStatus.COMPLETED, found.reason
    assert found.report is not None
    return found


def findings(report: RunReport) -> list[tuple[str, str, str, str, int, str]]:
    """What makes a run's findings the same as another's, in order of place."""
    return sorted(
        (node, found.rule, found.severity.value, found.file or "", found.line or 0, found.fingerprint)
        for node, found in findings_of(report)
    )


@pytest.mark.parametrize("name", KNOWN)
def test_every_node_ends_in_a_container_of_its_own(deployment_run: Check, name: str) -> None:
    report = deployment_run(name)
    assert report.status is RunStatus.COMPLETED
    assert tuple(each.node for each in report.nodes) == NODES
    assert {each.runtime for each in report.nodes} == {"docker"}
    assert {node(report, each).image for each in NODES} != {""}


@pytest.mark.parametrize("name", KNOWN)
def test_knows_the_licence(deployment_run: Check, name: str) -> None:
    compliance = ComplianceReport.model_validate(node(deployment_run(name), "compliance").report, strict=False)
    assert compliance.license is not None
    assert compliance.license.spdx == KNOWN[name].license


@pytest.mark.parametrize("name", KNOWN)
def test_knows_the_size(deployment_run: Check, name: str) -> None:
    review = CodeReview.model_validate(node(deployment_run(name), "review").report, strict=False)
    sizes = {each.language: (each.files, each.code_lines) for each in review.languages}
    assert {language: sizes.get(language) for language in KNOWN[name].sizes} == KNOWN[name].sizes


@pytest.mark.parametrize("name", KNOWN)
def test_knows_the_most_complex_function(deployment_run: Check, name: str) -> None:
    review = CodeReview.model_validate(node(deployment_run(name), "review").report, strict=False)
    most = review.most_complex
    assert most is not None
    assert (most.name, most.file, most.line, most.complexity) == KNOWN[name].most_complex


@pytest.mark.parametrize("name", KNOWN)
def test_finds_what_is_truly_there(deployment_run: Check, name: str) -> None:
    found = [finding for _, finding in findings_of(deployment_run(name))]
    assert [place for place in KNOWN[name].there if not any(map(place.fits, found))] == []


@pytest.mark.parametrize("name", KNOWN)
def test_does_not_report_what_only_looks_like_a_finding(deployment_run: Check, name: str) -> None:
    found = [finding for _, finding in findings_of(deployment_run(name))]
    assert [finding for finding in found if any(place.fits(finding) for place in KNOWN[name].absent)] == []


def test_prefect_shows_tasks_logs_and_reports(deployment_run: Check, prefect_client: SyncPrefectClient) -> None:
    run = UUID(deployment_run("express").run)
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
    tasks = {each.name: each for each in prefect_client.read_task_runs(flow_run_filter=only)}
    assert sorted(tasks) == sorted(NODES)
    assert {each.state_name for each in tasks.values()} == {"Completed"}
    logs = prefect_client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])))
    assert {log.task_run_id for log in logs} >= {each.id for each in tasks.values()}
    for each in tasks.values():
        of_node = ArtifactFilter(task_run_id=ArtifactFilterTaskRunId(any_=[each.id]))
        types = {artifact.type for artifact in prefect_client.read_artifacts(artifact_filter=of_node)}
        said = node(deployment_run("express"), each.name).part("findings")
        # A table without rows is not made.
        assert types == ({"markdown", "table"} if said else {"markdown"})
        assert bool(said) == (each.name == "review")  # express has findings of the code-reviewer only
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    (whole,) = [each for each in prefect_client.read_artifacts(artifact_filter=of_run) if each.key == "health-check"]
    assert all(f"| {name} |" in str(whole.data) for name in NODES)


def test_a_failed_run_ends_the_watching_command_with_1(deployment_run: Check, tmp_path: Path) -> None:
    deployment_run("express")  # the worker is there
    missing = tmp_path / "nothing-here"
    start = [PREFECT, "deployment", "run", "dockyard/health-check", "--param", f"repository={missing}", "--watch"]
    done = subprocess.run(start, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["flask", "express", "lodash"])
@pytest.mark.parametrize("way", ["make_run", "local_runtime"])
def test_every_way_gives_the_same_findings(
    deployment_run: Check, request: pytest.FixtureRequest, way: str, name: str
) -> None:
    other = cast("Check", request.getfixturevalue(way))(name)
    assert other.status is RunStatus.COMPLETED
    assert findings(other) == findings(deployment_run(name))
