"""Deployments on a real Prefect server: what the code owns is kept up to date, what people set stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from ruamel.yaml import YAML

from flows.definition.schema import NAME
from flows.errors import InvalidInputError
from flows.reports import archive
from flows.run_workflow import run_workflow
from flows.service import Runs, RunState, StartRequest, deploy_all
from flows.service.deployments import ENTRYPOINT, FROM_FILE
from flows.service.workflows import shipped
from flows.settings import ROOT, Settings
from flows.settings import settings as known_settings
from tests.integration.conftest import until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

pytestmark = pytest.mark.prefect

MINE = """\
name: health-check
description: Not the shipped one.
params: {version: {type: string}}
nodes: [{id: tell, agent: notifier, inputs: {message: "{{ params.version }}"}}]
"""


@pytest.fixture
def settings(tmp_path: Path, prefect_server: str) -> Settings:
    """Settings with a state folder and a work pool of the test's own."""
    return Settings(state_dir=tmp_path / "state", work_pool=f"pool-{uuid4().hex[:8]}", work_pool_type="process")


@pytest.fixture(autouse=True)
def _without_deployments(prefect_client: SyncPrefectClient) -> Iterator[None]:
    yield
    for name in ("health-check", FROM_FILE):
        try:
            found = prefect_client.read_deployment_by_name(f"dockyard/{name}")
        except ObjectNotFound:
            continue
        prefect_client.delete_deployment(found.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plain folder with one file."""
    here = tmp_path / "repository"
    here.mkdir()
    (here / "app.py").write_text("x = 1\n", encoding="utf-8")
    return here


def test_prefect_yaml_says_what_deploy_does(settings: Settings, prefect_client: SyncPrefectClient) -> None:
    deploy_all(settings)
    listed = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert [entry["name"] for entry in listed] == [definition.workflow.name for definition in shipped(settings)]
    for entry in listed:
        made = prefect_client.read_deployment_by_name(f"dockyard/{entry['name']}")
        for field in ("description", "entrypoint", "parameters", "tags"):
            assert entry[field] == getattr(made, field)


def test_a_configured_deployment_stays_as_it_is(settings: Settings, folder: Path, prefect_client: SyncPrefectClient) -> None:
    deploy_all(settings)
    found = prefect_client.read_deployment_by_name("dockyard/health-check")
    prefect_client.create_work_pool(WorkPoolCreate(name=f"other-{found.id}", type="process"))
    nightly = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *"), active=True)
    prefect_client.create_deployment_schedules(found.id, [(nightly.schedule, True)])
    ours = {"workflow": "health-check", "repository": "https://example.org/x.git"}
    tags = ["mine", "workspace:default"]
    changes = DeploymentUpdate(
        work_pool_name=f"other-{found.id}", tags=tags, parameters=ours, job_variables={"env": {"A": "1"}}
    )
    prefect_client.update_deployment(found.id, changes)
    before = prefect_client.read_deployment(found.id)
    Runs(settings).start(StartRequest(workflow="health-check", repository=str(folder)))
    deploy_all(settings)
    after = prefect_client.read_deployment(found.id)
    kept = ("work_pool_name", "tags", "parameters", "job_variables", "pull_steps", "path", "updated")
    assert {field: getattr(after, field) for field in kept} == {field: getattr(before, field) for field in kept}
    assert [one.schedule for one in after.schedules] == [nightly.schedule]
    deploy_all(settings, move=True)
    moved = prefect_client.read_deployment(found.id)
    assert (moved.work_pool_name, moved.tags) == (settings.work_pool, tags)
    assert [one.schedule for one in moved.schedules] == [nightly.schedule]


def test_what_the_code_owns_is_brought_up_to_date(settings: Settings, prefect_client: SyncPrefectClient) -> None:
    deploy_all(settings)
    found = prefect_client.read_deployment_by_name("dockyard/health-check")
    old = DeploymentUpdate(
        entrypoint="old.module.flow",
        description="old",
        parameter_openapi_schema={"type": "object", "properties": {}},
        tags=["mine"],
    )
    prefect_client.update_deployment(found.id, old)
    deploy_all(settings)
    after = prefect_client.read_deployment(found.id)
    fields = ("entrypoint", "description", "parameter_openapi_schema")
    assert {field: getattr(after, field) for field in fields} == {field: getattr(found, field) for field in fields}
    assert (after.entrypoint, after.tags) == (ENTRYPOINT, ["mine", "workspace:default"])


def test_a_file_named_like_a_shipped_workflow_runs_beside_it(
    settings: Settings, folder: Path, tmp_path: Path, prefect_client: SyncPrefectClient
) -> None:
    deploy_all(settings)
    before = prefect_client.read_deployment_by_name("dockyard/health-check")
    file = tmp_path / "health-check.yaml"
    file.write_text(MINE, encoding="utf-8")
    request = StartRequest(workflow=str(file), repository=str(folder), typed={"version": "10"})
    handle = Runs(settings).start(request)
    run = prefect_client.read_flow_run(handle.id)
    assert run.parameters["workflow"] == MINE
    assert run.parameters["params"] == {"version": "10"}
    own = prefect_client.read_deployment_by_name(f"dockyard/{FROM_FILE}")
    assert run.deployment_id == own.id != before.id
    assert own.parameter_openapi_schema["required"] == ["repository", "workflow"]
    assert prefect_client.read_deployment(before.id).updated == before.updated
    assert not NAME.fullmatch(FROM_FILE)


def test_the_server_stores_no_url_with_credentials(settings: Settings, prefect_client: SyncPrefectClient) -> None:
    deploy_all(settings)
    found = prefect_client.read_deployment_by_name("dockyard/health-check")
    with pytest.raises(PrefectHTTPStatusError) as caught:
        prefect_client.create_flow_run_from_deployment(
            found.id, parameters={"repository": "https://ann:hunter2@example.org/x.git"}
        )
    assert caught.value.response.status_code == 409
    assert "hunter2" not in str([run.parameters for run in prefect_client.read_flow_runs()])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"ref": "nope"}, "is not a git repository, so it has no ref 'nope'"),
        ({"workflow": "health-chekc"}, "there is no workflow 'health-chekc'. Did you mean 'health-check'?"),
        ({"params": {"x": 1}}, "'health-check' has no param 'x'"),
        ({"repository": "https://ann:hunter2@example.org/x.git"}, "has credentials in it"),
    ],
)
def test_a_run_with_input_that_cannot_be_used_says_so_plainly(
    settings: Settings, folder: Path, parameters: dict[str, object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(settings.state_dir))
    known_settings.cache_clear()
    state = run_workflow(**{"repository": str(folder), "runtime": "local", **parameters}, return_state=True)
    known_settings.cache_clear()
    handle = Runs(settings).get(state.state_details.flow_run_id)
    assert (handle.state, handle.refused) == (RunState.FAILED, True)
    assert reason in handle.message
    assert "encountered an exception" not in handle.message
    with pytest.raises(InvalidInputError, match="has no report"):
        archive.load(handle.id)


NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "description": "Every night.",
    "params": {
        "repository": {"type": "string", "description": "Which one."},
        "level": {"type": "string", "enum": ["low", "high"], "default": "low", "description": "How hard to look."},
        "days": {"type": "integer"},
    },
    "nodes": [{"id": "tell", "agent": "notifier", "inputs": {"message": "{{ params.level }} {{ params.days }}"}}],
    "concurrency": {"max": 2, "on_limit": "cancel"},
    "schedule": [
        {
            "cron": "0 3 * * *",
            "timezone": "Europe/Berlin",
            "params": {"repository": "https://example.org/x.git", "days": 7, "level": "high"},
        },
        {"interval": "12h", "params": {"repository": "https://example.org/x.git", "days": 1}, "active": False},
    ],
}


@pytest.fixture
def nightly(settings: Settings, tmp_path: Path, prefect_client: SyncPrefectClient) -> Iterator[Nightly]:
    """A workflow of the test's own, deployed by `put`."""
    made = Nightly(settings.model_copy(update={"workflows_dir": tmp_path}), tmp_path / "nightly.yaml", prefect_client)
    made.put()
    yield made
    prefect_client.delete_deployment(made.read().id)


@dataclass
class Nightly:
    """The file and its deployment."""

    settings: Settings
    file: Path
    client: SyncPrefectClient

    def put(self, **changes: Any) -> None:
        """Write the file with changes and deploy; a None takes a key away."""
        data = {key: value for key, value in (NIGHTLY | changes).items() if value is not None}
        self.file.write_text(json.dumps(data), encoding="utf-8")
        deploy_all(self.settings)

    def read(self) -> DeploymentResponse:
        return self.client.read_deployment_by_name("dockyard/nightly")

    def start(self, **parameters: Any) -> FlowRun:
        given = {"repository": "https://example.org/x.git", **parameters}
        return self.client.create_flow_run_from_deployment(self.read().id, parameters=given)


def test_the_workflows_params_are_the_deployments_form(nightly: Nightly) -> None:
    schema = nightly.read().parameter_openapi_schema
    assert schema["required"] == ["repository", "params"]
    assert schema["properties"]["repository"]["description"] == "Which one."
    params = schema["properties"]["params"]
    assert params["properties"] == {
        "level": {
            "title": "level", "type": "string", "enum": ["low", "high"], "default": "low",
            "description": "How hard to look.", "position": 0,
        },
        "days": {"title": "days", "type": "integer", "position": 1},
    }  # fmt: skip
    assert (params["required"], params["additionalProperties"]) == (["days"], False)


@pytest.mark.parametrize(
    "params", [None, {}, {"days": "seven"}, {"days": 7, "level": "middle"}, {"days": 7, "dayz": 1}], ids=str
)
def test_the_server_refuses_params_that_do_not_fit(nightly: Nightly, params: object) -> None:
    with pytest.raises(PrefectHTTPStatusError) as caught:
        nightly.start(**({} if params is None else {"params": params}))
    assert caught.value.response.status_code == 409
    assert nightly.start(params={"days": 7, "level": "high"}).parameters["params"] == {"days": 7, "level": "high"}


def test_a_workflow_without_params_starts_with_none(settings: Settings, prefect_client: SyncPrefectClient) -> None:
    deploy_all(settings)
    found = prefect_client.read_deployment_by_name("dockyard/health-check")
    for parameters in ({}, {"params": {}}):
        prefect_client.create_flow_run_from_deployment(
            found.id, parameters={"repository": "https://example.org/x.git", **parameters}
        )


def test_schedules_of_the_file_are_prefects(nightly: Nightly) -> None:
    cron, interval = sorted(nightly.read().schedules, key=lambda one: not one.active)
    assert isinstance(cron.schedule, CronSchedule)
    assert (cron.schedule.cron, cron.schedule.timezone, cron.active) == ("0 3 * * *", "Europe/Berlin", True)
    assert cron.parameters == {"repository": "https://example.org/x.git", "params": {"days": 7, "level": "high"}}
    assert isinstance(interval.schedule, IntervalSchedule)
    assert (interval.schedule.interval.total_seconds(), interval.active) == (43200, False)


def test_only_our_schedules_are_replaced_and_a_paused_one_stays_paused(nightly: Nightly) -> None:
    found = nightly.read()
    (theirs,) = nightly.client.create_deployment_schedules(found.id, [(CronSchedule(cron="5 5 * * *"), True)])
    (named,) = nightly.client.create_deployment_schedules(found.id, [(CronSchedule(cron="6 6 * * *"), True)], slug="mine")
    cron, _ = sorted(found.schedules, key=lambda one: not one.active)
    nightly.client.update_deployment_schedule(found.id, cron.id, active=False)
    nightly.put(schedule=[NIGHTLY["schedule"][0]])
    after = {one.id: one for one in nightly.read().schedules}
    assert after.keys() == {theirs.id, named.id, cron.id}
    assert not after[cron.id].active
    nightly.put(schedule={**NIGHTLY["schedule"][0], "cron": "0 4 * * *"})
    after = {one.id: one for one in nightly.read().schedules}
    (new,) = after.keys() - {theirs.id, named.id}
    assert (after[new].schedule.cron, after[new].active) == ("0 4 * * *", True)
    nightly.put(schedule=None)
    assert {one.id for one in nightly.read().schedules} == {theirs.id, named.id}


def test_a_scheduled_run_has_the_schedules_params(nightly: Nightly) -> None:
    nightly.put(schedule={"interval": "1h", "params": {"repository": "https://example.org/x.git", "days": 3}})

    def scheduled() -> FlowRun | None:
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

        only = DeploymentFilter(id=DeploymentFilterId(any_=[nightly.read().id]))
        return next(iter(nightly.client.read_flow_runs(deployment_filter=only, limit=1)), None)

    run = until(scheduled, "Prefect has scheduled a run", seconds=120)
    assert run.parameters["params"] == {"days": 3}
    assert (run.parameters["workflow"], run.parameters["repository"]) == ("nightly", "https://example.org/x.git")


def test_how_many_runs_go_on_at_once_is_the_deployments_limit(nightly: Nightly) -> None:
    found = nightly.read()
    assert found.global_concurrency_limit is not None
    assert found.global_concurrency_limit.limit == 2
    assert found.concurrency_options is not None
    assert found.concurrency_options.collision_strategy.value == "CANCEL_NEW"
    nightly.put(concurrency={"max": 3})
    found = nightly.read()
    assert found.global_concurrency_limit is not None
    assert found.global_concurrency_limit.limit == 3
    assert found.concurrency_options is not None
    assert found.concurrency_options.collision_strategy.value == "ENQUEUE"
    nightly.put(concurrency=None)
    assert nightly.read().global_concurrency_limit is None
    nightly.client.update_deployment(found.id, DeploymentUpdate(concurrency_limit=9))
    nightly.put(concurrency=None)
    limit = nightly.read().global_concurrency_limit
    assert limit is not None
    assert limit.limit == 9, "a limit that people set is theirs"


def test_deploying_again_changes_nothing(nightly: Nightly) -> None:
    before = nightly.read()
    nightly.put()
    after = nightly.read()
    assert after.updated == before.updated
    assert [one.id for one in after.schedules] == [one.id for one in before.schedules]
