"""What a work pool of type `dockyard` lets people set, and what the worker makes of it for one run."""

from __future__ import annotations

import os
from pathlib import Path

from prefect.client.schemas.objects import Flow as APIFlow
from prefect.client.schemas.objects import FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorkerResult
from pydantic import UUID4, Field, PrivateAttr

from flows.settings import settings

_GRACE_SECONDS = 5.0


class DockyardVariables(BaseVariables):
    """The job variables: shown in Prefect's page, set per pool, deployment or run."""

    name: str | None = Field(
        default=None,
        title="Name",
        description="Name of the job in events and labels; the flow run's name when empty.",
    )
    env: dict[str, str | None] = Field(
        default_factory=dict,
        title="Environment Variables",
        description="Environment variables of the run, over those of the worker. Modules the worker has "
        "already imported do not see them while they are imported.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict, title="Labels", description="Labels of the job, carried by its events."
    )
    working_dir: Path | None = Field(
        default=None,
        title="Working Directory",
        description="Folder the run starts in; a temporary one, removed afterwards, when empty.",
    )
    stream_output: bool = Field(
        default=True,
        title="Stream Output",
        description="Let the run write to the worker's standard output and error; else it is discarded.",
    )
    grace_seconds: float = Field(
        default=_GRACE_SECONDS,
        ge=0,
        title="Grace Period",
        description="Seconds between SIGTERM and SIGKILL when a run is cancelled or the worker stops.",
    )
    command: str | None = Field(
        default=None,
        title="Command",
        description="A command to run in place of a fork, as `python -m prefect.engine`. Leave it empty.",
    )


class DockyardJobConfiguration(BaseJobConfiguration):
    """One run's job: environment, folder, output and grace."""

    working_dir: Path | None = Field(default=None)
    stream_output: bool = Field(default=True)
    grace_seconds: float = Field(default=_GRACE_SECONDS, ge=0)

    _has_own_command: bool = PrivateAttr(default=False)

    @property
    def has_own_command(self) -> bool:
        """Whether somebody asked for a command; the base class fills in one of its own otherwise."""
        return self._has_own_command

    def prepare_for_flow_run(  # noqa: PLR0917 - the signature is Prefect's
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: APIFlow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID4 | None = None,
    ) -> None:
        """Complete the environment with the worker's own, as a process worker does."""
        self._has_own_command = self.command is not None
        super().prepare_for_flow_run(flow_run, deployment, flow, work_pool, worker_name, worker_id)
        self.env = {
            # By its heartbeats a run is known to be alive where no worker is left that could tell; whoever sets another
            # frequency has it.
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(settings().heartbeat),
            **os.environ,
            **self.env,
            "PREFECT__FLOW_RUN_ID": str(flow_run.id),
            # The supervisor in the worker runs these hooks: it is alive when the run no longer is.
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }


class DockyardWorkerResult(BaseWorkerResult):
    """How a run's process ended: `identifier` is its process id, `status_code` 0 or what went wrong."""
