"""Two tenants of one hub on a real Prefect server: what one starts the other neither sees nor reaches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from flows.approvals import UnknownGateError
from flows.errors import INVALID_INPUT, InvalidInputError, UnknownError
from flows.people import Via
from flows.service import Caller, Runs, RunState, StartRequest
from flows.service.approvals import Approvals
from flows.service.reports import Format, Reports
from flows.service.workspaces import Workspaces
from flows.settings import RuntimeName
from tests.integration.yard import Yard, leave_to_others

pytestmark = pytest.mark.prefect

GREET = "name: greet\nnodes: [{id: tell, agent: notifier, inputs: {message: hello}}]\n"


@pytest.fixture
def repository(yard: Yard) -> Path:
    """A repository that blue may read, and nobody else but the default workspace."""
    made = yard.repository()
    Workspaces(yard.config).allow("blue", [str(made)])
    Workspaces(yard.config).allow("red", ["/srv/red/**"])
    (yard.config.workflows_dir / "greet.yaml").write_text(GREET, encoding="utf-8")
    for name in ("greet", "greet@blue", "from_file@blue"):
        leave_to_others(yard.client, yard.config, name)
    return made


def of(yard: Yard, workspace: str | None) -> Runs:
    return Runs(yard.config, Caller(name="ann", via=Via.API, workspace=workspace))


def request(repository: Path, **more: str) -> StartRequest:
    return StartRequest(repository=str(repository), runtime=RuntimeName.LOCAL, **{"workflow": "greet", **more})


def test_what_one_starts_is_not_there_for_the_other(yard: Yard, repository: Path) -> None:
    blue, red, default, machine = (of(yard, name) for name in ("blue", "red", "default", None))
    run = blue.start(request(repository)).id
    yard.ends(run)
    assert (blue.get(run).state, blue.get(run).workspace) == (RunState.COMPLETED, "blue")
    assert (Reports(yard.config, blue).read(run).head.workspace, blue.logs(run) != ()) == ("blue", True)
    reaches: list[Callable[[Runs], object]] = [
        lambda runs: runs.get(run),
        lambda runs: runs.progress(run),
        lambda runs: runs.logs(run),
        lambda runs: Reports(yard.config, runs).read(run),
        lambda runs: Reports(yard.config, runs).open(run),
        lambda runs: Reports(yard.config, runs).render(run, Format.JSON),
        lambda runs: Reports(yard.config, runs).export(run, Format.SARIF, yard.folder),
        lambda runs: Reports(yard.config, runs).trend(run),
        lambda runs: runs.repository(run),
        lambda runs: runs.cancel(run),
        lambda runs: runs.retry(run),
    ]
    for other in (red, default):
        assert run not in {one.id for one in other.list(limit=200)}
        for reach in reaches:
            with pytest.raises(UnknownError, match=str(run)):
                reach(other)
    for who in (blue, machine):
        assert run in {one.id for one in who.list(limit=200, deployed="greet")}
    assert (red.count()[RunState.COMPLETED], blue.count()[RunState.COMPLETED] >= 1) == (0, True)


def test_the_same_key_of_a_person_in_the_same_workspace_starts_one_run(yard: Yard, repository: Path) -> None:
    first = of(yard, "blue").start(request(repository), idempotency_key="k").id
    assert of(yard, "blue").start(request(repository), idempotency_key="k").id == first
    yard.ends(first)


def test_a_gate_is_there_for_its_workspace_alone(yard: Yard, repository: Path) -> None:
    text = (
        "{name: gated, nodes: [{id: fix, agent: patcher, inputs: {operation: dependency-update, "
        "updates: [{name: lodash, version: 4.17.21}]}, approval: {approvers: ['group:crew'], expires: 1h}}]}"
    )
    blue = of(yard, "blue")
    run = blue.start(StartRequest(text=text, repository=str(repository), runtime=RuntimeName.LOCAL)).id
    gate = yard.gate(run)
    known = Approvals(yard.config, workspace="blue")
    assert known.get(gate.id).digest == gate.digest
    assert gate.id in {one.id for one in known.list()}
    for name in ("red", "default"):
        other = known.of(name)
        assert gate.id not in {one.id for one in (*other.list(everything=True), *other.mine("ann"))}
        with pytest.raises(UnknownError, match=gate.id):
            other.get(gate.id)
    with pytest.raises(UnknownGateError):
        yard.ledger.gate(gate.id[:8], "red")
    blue.cancel(run)
    yard.ends(run)


@pytest.mark.parametrize("workspace", ["red", "green"])
def test_a_repository_that_a_workspace_may_not_read_is_refused_at_the_door(
    yard: Yard, repository: Path, workspace: str
) -> None:
    with pytest.raises(InvalidInputError, match=r"may not read|no workspace"):
        of(yard, workspace).start(request(repository))


def test_a_run_that_came_through_no_door_of_ours_reads_no_more(yard: Yard, repository: Path) -> None:
    yard.ends(of(yard, "blue").start(request(repository)).id)  # the deployment is there then
    deployment = yard.client.read_deployment_by_name("dockyard/greet@blue")
    assert deployment.tags == ["dockyard", "workspace:blue"]
    elsewhere = yard.repository()

    def refused(repository: Path, tags: list[str]) -> str:
        parameters = {"repository": str(repository), "runtime": "local"}
        run: UUID = yard.client.create_flow_run_from_deployment(deployment.id, parameters=parameters, tags=tags).id
        assert yard.ends(run) == INVALID_INPUT
        return yard.message(run)

    assert f"the workspace 'blue' may not read {elsewhere}" in refused(elsewhere, [])
    assert "its tags name blue, default" in refused(repository, ["workspace:default"])


def test_a_schedule_in_a_file_is_the_default_workspaces(yard: Yard, repository: Path) -> None:
    timed = GREET.replace("greet", "timed") + f"schedule: [{{cron: '0 4 * * *', params: {{repository: '{repository}'}}}}]\n"
    (yard.config.workflows_dir / "timed.yaml").write_text(timed, encoding="utf-8")
    runs = [of(yard, name).start(request(repository, workflow="timed")).id for name in ("default", "blue")]
    schedules = [len(yard.client.read_deployment_by_name(f"dockyard/{name}").schedules) for name in ("timed", "timed@blue")]
    assert schedules == [1, 0]
    for run in runs:
        yard.ends(run)
