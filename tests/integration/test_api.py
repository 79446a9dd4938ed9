"""The API over a real Prefect server: what is started, kept, listed, cancelled and tried again by programs."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from prefect.client.schemas.actions import LogCreate
from prefect.states import Failed
from pydantic import SecretStr
from starlette.testclient import TestClient

from flows.execution.origin import AUTHORED, DOOR, REQUESTER, TRIGGER
from flows.service.accounts import Accounts, Role
from flows.settings import EventSource, Settings
from tests.integration.yard import update
from tests.ui.api.conftest import served, somebody
from tests.ui.api.test_schema import OPERATIONS, ask

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from tests.integration.yard import Yard

pytestmark = pytest.mark.prefect

WORKFLOW = "name: hello\nnodes:\n  - {id: tell, agent: notifier, inputs: {message: hi}}\n"


@pytest.fixture
def settings(tmp_path: Path, prefect_server: str) -> Settings:
    """A state folder, a repository and a work pool of the test's own; nobody takes its runs."""
    (tmp_path / "repository").mkdir()
    pool = f"pool-{uuid4().hex[:8]}"
    return Settings(
        state_dir=tmp_path / "state",
        database_url=None,
        work_pool=pool,
        work_pool_type="process",
        local_roots=(tmp_path,),
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """Otto, an operator."""
    with TestClient(served(settings, somebody("otto", Role.OPERATOR)), base_url="http://hub") as client:
        yield client


@pytest.fixture
def start(settings: Settings) -> dict[str, str]:
    """A start of a workflow that is given by its text."""
    return {"text": WORKFLOW, "repository": str(settings.state_dir.parent / "repository")}


def test_a_key_starts_a_run_once_and_in_the_callers_name(
    client: TestClient, settings: Settings, start: dict[str, str], prefect_client: SyncPrefectClient
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = client.post("/api/runs", json=start, headers=key)
    assert first.status_code == 201, first.text
    run = first.json()
    assert (run["workflow"], run["state"], run["requester"]) == ("hello", "pending", "otto")
    assert first.headers["location"] == f"/api/runs/{run['id']}"
    labels = prefect_client.read_flow_run(UUID(run["id"])).labels
    assert (labels[REQUESTER], labels[DOOR]) == ("otto", "api")
    assert client.post("/api/runs", json=start, headers=key).json()["id"] == run["id"]
    other = client.post("/api/runs", json=start | {"ref": "HEAD~1"}, headers=key)
    assert other.status_code in (409, 422), other.text
    with TestClient(served(settings, somebody("olga", Role.OPERATOR)), base_url="http://hub") as olga:
        assert olga.post("/api/runs", json=start, headers=key).json()["id"] != run["id"]


def test_a_key_of_another_start_is_refused(client: TestClient, start: dict[str, str]) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    assert client.post("/api/runs", json=start, headers=key).status_code == 201
    other = client.post("/api/runs", json=start | {"runtime": "local"}, headers=key)
    assert (other.status_code, "another run" in other.json()["detail"]) == (409, True)


def test_runs_are_listed_found_cancelled_and_tried_again(
    client: TestClient, start: dict[str, str], prefect_client: SyncPrefectClient
) -> None:
    runs = [client.post("/api/runs", json=start).json()["id"] for _ in range(3)]
    page = client.get("/api/runs?limit=2&state=pending&workflow=from_file")
    assert page.status_code == 422  # no workflow has such a name
    page = client.get("/api/runs?limit=2&state=pending").json()
    assert len(page["items"]) == 2
    assert page["next_offset"] == 2
    shown = client.get(f"/api/runs/{runs[0]}").json()
    assert (shown["run"]["id"], shown["nodes"]) == (runs[0], [])
    assert client.post(f"/api/runs/{runs[0]}/retry").status_code == 409
    cancelled = client.post(f"/api/runs/{runs[0]}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert client.post(f"/api/runs/{runs[0]}/cancel").status_code == 409
    prefect_client.set_flow_run_state(UUID(runs[1]), Failed(message="no"), force=True)
    tried = client.post(f"/api/runs/{runs[1]}/retry")
    assert (tried.status_code, tried.json()["state"]) == (202, "pending"), tried.text
    assert runs[0] in [run["id"] for run in client.get("/api/runs?state=cancelled").json()["items"]]


def test_a_log_is_read_on_from_where_one_was(
    client: TestClient, start: dict[str, str], prefect_client: SyncPrefectClient
) -> None:
    run = client.post("/api/runs", json=start).json()["id"]
    begin = datetime.now(UTC)
    lines = [
        LogCreate(name="n", level=20, message=f"line {at}", timestamp=begin + timedelta(seconds=at), flow_run_id=UUID(run))
        for at in range(5)
    ]
    prefect_client.create_logs(lines)
    page = client.get(f"/api/runs/{run}/logs?limit=3").json()
    assert [line["text"] for line in page["items"]] == ["line 0", "line 1", "line 2"]
    after = page["items"][-1]["at"]
    rest = client.get(f"/api/runs/{run}/logs", params={"after": after}).json()
    assert ([line["text"] for line in rest["items"]], rest["next_offset"]) == (["line 3", "line 4"], None)


@pytest.mark.parametrize("path", ["", "/logs", "/report", "/findings"])
def test_a_run_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    response = client.get(f"/api/runs/{uuid4()}{path}")
    assert (response.status_code, response.json()["title"]) == (404, "Not Found")


KEPT = """\
name: {name}
schedule: {{cron: "0 3 1 1 *", params: {{repository: "{repository}"}}}}
nodes:
  - {{id: tell, agent: notifier, inputs: {{message: hi}}}}
"""


def test_a_kept_workflow_is_deployed_in_its_authors_name_and_outlived_by_its_runs(
    client: TestClient, settings: Settings, start: dict[str, str], prefect_client: SyncPrefectClient
) -> None:
    name = f"kept-{uuid4().hex[:8]}"
    made = client.post("/api/workflows", json={"text": KEPT.format(name=name, repository=start["repository"])})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/workflows/{name}"
    deployed = prefect_client.read_deployment_by_name(f"dockyard/{name}")
    assert (deployed.parameter_openapi_schema or {})[AUTHORED]["name"] == "otto"
    assert len(deployed.schedules) == 1
    run = client.post("/api/runs", json={"workflow": name, "repository": start["repository"]}).json()
    assert (run["workflow"], run["state"]) == (name, "pending")
    with TestClient(served(settings, somebody("olga", Role.OPERATOR)), base_url="http://hub") as olga:
        changed = KEPT.format(name=name, repository=start["repository"]).replace("hi", "ho")
        assert olga.put(f"/api/workflows/{name}", json={"text": changed}).json()["author"] == "olga"
        assert olga.delete(f"/api/workflows/{name}").status_code == 204
    after = prefect_client.read_deployment_by_name(f"dockyard/{name}")
    assert (after.parameter_openapi_schema or {})[AUTHORED]["name"] == "olga"
    assert after.schedules == []
    assert [one["id"] for one in client.get(f"/api/runs?workflow={name}").json()["items"]] == [run["id"]]
    gone = client.post("/api/runs", json={"workflow": name, "repository": start["repository"]})
    assert gone.status_code == 422


def test_who_keeps_a_workflow_does_not_approve_what_its_runs_want(yard: Yard) -> None:
    name = f"mend-{uuid4().hex[:8]}"
    text = json.dumps({"name": name, "nodes": [update("fix")]})
    ann, bob = (served(yard.config, somebody(who, Role.APPROVER)) for who in ("ann", "bob"))
    with TestClient(ann, base_url="http://hub") as ann_asks, TestClient(bob, base_url="http://hub") as bob_asks:
        assert ann_asks.post("/api/workflows", json={"text": text}).status_code == 201
        start = {"workflow": name, "repository": str(yard.repository()), "runtime": "local"}
        run = UUID(bob_asks.post("/api/runs", json=start).json()["id"])
        gate = yard.gate(run)
        shown = ann_asks.get(f"/api/approvals/{gate.id}").json()
        assert (shown["request"]["author"], shown["request"]["requester"]) == ("ann", "bob")
        assert not {"ann", "bob"} & {*shown["may"][0]["people"]}
        said = {"choice": "approve", "digest": shown["digest"]}
        assert ann_asks.post(f"/api/approvals/{gate.id}/decisions", json=said).status_code == 403
    cid = served(yard.config, somebody("cid", Role.APPROVER))
    with TestClient(cid, base_url="http://hub") as cid_asks:
        assert cid_asks.post(f"/api/approvals/{gate.id}/decisions", json=said).status_code == 201
    assert yard.ends(run) == "Completed"


ON_EVENT = """\
name: {name}
nodes:
  - {{id: tell, agent: notifier, inputs: {{message: hi}}}}
on:
  - {{event: generic, filter: "{{{{ event.name == '{name}' }}}}", params: {{repository: "{{{{ event.url }}}}"}}}}
"""


def test_an_event_starts_one_run_in_the_name_of_who_set_the_trigger(
    settings: Settings, prefect_client: SyncPrefectClient
) -> None:
    name, secret = f"event-{uuid4().hex[:8]}", "a secret of some length"
    config = settings.model_copy(update={"event_secrets": {EventSource.GENERIC: SecretStr(secret)}})
    accounts = Accounts(config)
    accounts.add("otto", Role.OPERATOR)
    with TestClient(served(config, somebody("otto", Role.OPERATOR)), base_url="http://hub") as client:
        assert client.post("/api/workflows", json={"text": ON_EVENT.format(name=name)}).status_code == 201

        def tell(delivery: str) -> httpx.Response:
            body, at = json.dumps({"name": name, "url": "https://example.org/x.git"}).encode(), int(time.time())
            signature = hmac.new(secret.encode(), f"{at}.{delivery}.".encode() + body, sha256).hexdigest()
            headers = {"X-Dockyard-Timestamp": str(at), "X-Dockyard-Delivery": delivery}
            headers |= {"X-Dockyard-Signature": f"sha256={signature}", "Content-Type": "application/json"}
            return client.post("/api/events/generic", content=body, headers=headers)

        (started,) = tell("one").json()["started"]
        assert (started["workflow"], started["trigger"]) == (name, 0)
        labels = prefect_client.read_flow_run(UUID(started["run"])).labels
        assert (labels[REQUESTER], labels[DOOR], labels[TRIGGER]) == ("otto", "event", f"{name}#0 generic")
        assert tell("one").json()["started"] == [started]
        assert tell("two").json()["started"][0]["run"] != started["run"]
        accounts.disable("otto")
        (passed,) = tell("three").json()["passed_over"]
        assert "may start no runs any more" in passed["reason"]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_makes_the_hub_fail(settings: Settings, path: str, method: str) -> None:
    described = schemathesis.openapi.from_asgi("/api/openapi.json", served(settings, somebody("alice", Role.ADMIN)))
    ask(described, path, method, worst=499, examples=4)
