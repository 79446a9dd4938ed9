"""Runs that wait for people, as tests start them, look at them and decide: what `test_gates*.py` share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.exceptions import ObjectNotFound
from pydantic import JsonValue

from flows.approvals import Choice, Door, Gate, Ledger, load_policy
from flows.definition.loader import load_file
from flows.execution.origin import DOOR, REQUESTER
from flows.people import Via
from flows.reports import archive
from flows.service import Runs, StartRequest
from flows.service.deployments import FROM_FILE, deploy, deploy_from_file, ensure_pool
from flows.settings import ROOT, RuntimeName, Settings, local_person
from flows.store import open_store
from tests.flows.workspace.conftest import git
from tests.integration.conftest import until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

SOON = 120.0
_POLICY = """
groups:
  crew: [ann, bob, cid]
  platform: [dora]
  staff: [WHOEVER-RUNS-THE-TESTS]
approvers: ["group:crew"]
prefect_ui: true
high_risk: ["deploy/**"]
rules:
  - {paths: "infra/**", approvers: "group:platform"}
"""


def policy_text() -> str:
    """The policy, in which the account that the tests run under has a group of its own."""
    return _POLICY.replace("WHOEVER-RUNS-THE-TESTS", local_person())


SUSPENDED = {"DOCKYARD_APPROVAL_GRACE": "0"}
"""For a run that leaves its process as soon as it does nothing but wait."""
CREW = {"approvers": ["group:crew"], "expires": "1h"}
MANIFEST = '{\n  "name": "shop",\n  "dependencies": {\n    "lodash": "^4.17.20",\n    "express": "4.18.0"\n  }\n}\n'


def say(node_id: str, message: str = "hello", **more: Any) -> dict[str, Any]:
    """A node that says something."""
    return {"id": node_id, "agent": "notifier", "inputs": {"message": message}, **more}


def update(node_id: str, name: str = "lodash", version: str = "4.17.21", **more: Any) -> dict[str, Any]:
    """A node that plans an update of a dependency."""
    inputs = {"operation": "dependency-update", "updates": [{"name": name, "version": version}]}
    return {"id": node_id, "agent": "patcher", "inputs": inputs, "approval": CREW, **more}


def configure(node_id: str, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node that plans a change of configuration files."""
    inputs = {"operation": "config-update", "changes": [*changes]}
    return {"id": node_id, "agent": "patcher", "inputs": inputs, "approval": CREW, **more}


@dataclass
class Yard:
    """One folder of state with its worker, ledger and policy; what people do in it."""

    client: SyncPrefectClient
    config: Settings
    policy_file: Path
    ledger: Ledger
    folder: Path

    @classmethod
    def make(cls, client: SyncPrefectClient, folder: Path, pool: str) -> Yard:
        """A new one in an empty folder, with a work pool of that name and no worker yet."""
        policy = folder / "policy.yaml"
        policy.write_text(policy_text(), encoding="utf-8")
        (folder / "workflows").mkdir()
        config = Settings(
            state_dir=folder / "state",
            work_pool=pool,
            policy_file=policy,
            workflows_dir=folder / "workflows",
            local_roots=(folder.parent,),
        )
        ensure_pool(client, config)
        return cls(client, config, policy, Ledger(open_store(config)), folder)

    @property
    def environment(self) -> dict[str, str]:
        """What its worker is given: runs wait in their process for as long as tests take, unless a run is told else."""
        return {
            "DOCKYARD_STATE_DIR": str(self.config.state_dir),
            "DOCKYARD_WORKFLOWS_DIR": str(self.config.workflows_dir),
            "DOCKYARD_POLICY_FILE": str(self.policy_file),
            "DOCKYARD_APPROVAL_GRACE": "3600",
            "PYTHONPATH": str(Path(__file__).parents[2]),  # flows of the tests' own
        }

    def repository(self) -> Path:
        """A new repository with a manifest."""
        made = self.folder / f"repository-{len([*self.folder.glob('repository-*')])}"
        made.mkdir()
        git(made, "init", "--quiet", "--initial-branch", "main")
        (made / "package.json").write_text(MANIFEST, encoding="utf-8")
        (made / "infra").mkdir()
        (made / "infra" / "limits.json").write_text('{"replicas": 1}\n', encoding="utf-8")
        git(made, "add", "--all")
        git(made, "commit", "--quiet", "--message", "start")
        return made

    def start(
        self,
        repository: Path,
        *nodes: dict[str, Any],
        env: Mapping[str, str] | None = None,
        runtime: str = "local",
        **more: Any,
    ) -> UUID:
        """Start a run of these nodes, as the account that the tests run under; its process is given `env`, too."""
        text = json.dumps({"name": "gated", "nodes": list(nodes), **more})
        leave_to_others(self.client, self.config, FROM_FILE)
        if env:
            deployment = deploy_from_file(self.client, self.config)
            return self._create(deployment, env, workflow=text, repository=str(repository), runtime=runtime)
        file = self.folder / "gated.yaml"
        file.write_text(text, encoding="utf-8")
        request = StartRequest(workflow=str(file), repository=str(repository), runtime=RuntimeName(runtime))
        return Runs(self.config).start(request).id

    def start_deployed(self, repository: Path, name: str, *nodes: dict[str, Any], grace: int, **more: Any) -> UUID:
        """Start a run of a workflow that is deployed under `name`; `grace`: seconds that it waits in its process."""
        file = self.config.workflows_dir / f"{name}.yaml"
        file.write_text(json.dumps({"name": name, "nodes": list(nodes), **more}), encoding="utf-8")
        deployment = deploy(self.client, load_file(file), self.config)
        env = {"DOCKYARD_APPROVAL_GRACE": str(grace)}
        return self._create(deployment, env, repository=str(repository), runtime="local")

    def start_shipped(self, repository: Path, name: str, **params: JsonValue) -> UUID:
        """Start a run of a shipped workflow, from its file."""
        leave_to_others(self.client, self.config, FROM_FILE)
        file = str(ROOT / "deployments" / "workflows" / f"{name}.yaml")
        request = StartRequest(workflow=file, repository=str(repository), params=params, runtime=RuntimeName.LOCAL)
        return Runs(self.config).start(request).id

    def start_trapped(self, repository: Path, *nodes: dict[str, Any], env: Mapping[str, str]) -> UUID:
        """Start a run of the flow with a trap in it, which `env` sets."""
        deployment = self.client.create_deployment(
            flow_id=self.client.create_flow_from_name("dockyard"),
            name="crashing",
            work_pool_name=self.config.work_pool,
            entrypoint="tests.integration.crashing_workflow.run_workflow",
            parameter_openapi_schema={"type": "object", "properties": {}},
            enforce_parameter_schema=False,
        )
        text = json.dumps({"name": "crashing", "nodes": list(nodes)})
        return self._create(deployment, env, workflow=text, repository=str(repository), runtime="local")

    def _create(self, deployment: UUID, env: Mapping[str, str], **parameters: str) -> UUID:
        labels = {REQUESTER: local_person(), DOOR: Via.CLI.value}
        return self.client.create_flow_run_from_deployment(
            deployment, parameters=parameters, job_variables={"env": dict(env)}, labels={**labels}
        ).id

    def gates(self, run: UUID, count: int = 1) -> list[Gate]:
        """The run's gates, once there are so many."""

        def found() -> list[Gate] | None:
            gates = self.ledger.gates(run=str(run), open_only=False)
            return [*gates] if len(gates) >= count else None

        return until(found, f"{count} gates are open", seconds=SOON)

    def gate(self, run: UUID) -> Gate:
        """The run's only gate."""
        (gate,) = self.gates(run)
        return gate

    def decide(self, gate: Gate, actor: str = "ann", choice: Choice = Choice.APPROVE, note: str = "") -> Gate:
        """What a person says who has seen the gate as it is."""
        return self.ledger.decide(
            gate.id,
            actor,
            choice,
            note=note,
            digest=gate.digest,
            door=Door.CLI,
            now=datetime.now(UTC),
            policy=load_policy(self.policy_file),
        )

    def state(self, run: UUID) -> str:
        """The name of the run's state in Prefect."""
        state = self.client.read_flow_run(run).state
        return str(state.name) if state else "none"

    def reaches(self, run: UUID, *names: str) -> str:
        """Wait until the run's state has one of these names."""
        return until(lambda: self.state(run) if self.state(run) in names else None, f"{run} is {names}", seconds=SOON)

    def ends(self, run: UUID) -> str:
        """Wait until the run is over; the name of its state."""

        def final() -> str | None:
            state = self.client.read_flow_run(run).state
            return str(state.name) if state and state.is_final() else None

        return until(final, "the run is over", seconds=SOON)

    def ends_well(self, run: UUID) -> str:
        """Wait until the run is over and stays so: one that crashed is started again."""

        def final() -> str | None:
            state = self.client.read_flow_run(run).state
            return str(state.name) if state and state.is_final() and not state.is_crashed() else None

        return until(final, "the run is over", seconds=SOON)

    def task_states(self, run: UUID) -> list[tuple[str, str]]:
        """Name and state of each task run: one that was taken from its results is Cached."""
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
        return [(task.name, str(task.state_name)) for task in self.client.read_task_runs(flow_run_filter=only)]

    def message(self, run: UUID) -> str:
        """The sentence of the run's state."""
        state = self.client.read_flow_run(run).state
        return (state.message or "") if state else ""

    def tasks(self, run: UUID) -> dict[str, str]:
        """States of the run's tasks by name."""
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
        return {task.name: str(task.state_name) for task in self.client.read_task_runs(flow_run_filter=only)}

    def statuses(self, run: UUID) -> dict[str, str]:
        """How the run's nodes ended, by its report."""
        return {node.node: node.status.value for node in archive.load(run).nodes}


def leave_to_others(client: SyncPrefectClient, config: Settings, name: str) -> None:
    """Forget the deployment of that name where it is in another pool than ours: whoever made it is done with it."""
    try:
        found = client.read_deployment_by_name(f"dockyard/{name}")
    except ObjectNotFound:
        return
    if found.work_pool_name != config.work_pool:
        client.delete_deployment(found.id)


def written(repository: Path, gate: Gate) -> list[str]:
    """The commits that the gate's change has, on whatever branch."""
    return git(repository, "log", "--all", "--format=%H", f"--grep={gate.id}").splitlines()


def branches(repository: Path) -> set[str]:
    """The branches that runs have made there."""
    return {*git(repository, "for-each-ref", "--format=%(refname:short)", "refs/heads/dockyard").splitlines()}
