"""One agent alone: what there is, and running one without Prefect."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from pydantic import JsonValue

from agents.contract.manifest import Manifest
from agents.contract.schema import Frozen, Result, RunInfo
from flows.definition.problems import did_you_mean
from flows.errors import UnknownError
from flows.execution.agents import Agents
from flows.execution.engine import check_image, runtime_for
from flows.execution.repository import read_repository
from flows.people import DEFAULT_WORKSPACE
from flows.runtime import Job
from flows.settings import RuntimeName, Settings


class AgentInfo(Frozen):
    """What a person choosing an agent wants to know."""

    name: str
    version: str
    risk: str
    description: str
    params: tuple[str, ...]


def agents(settings: Settings, workspace: str = DEFAULT_WORKSPACE) -> tuple[AgentInfo, ...]:
    """Every agent that the workspace can use, by name. Raises UnavailableError."""
    return tuple(info_of(manifest) for manifest in Agents(settings, workspace).values())


def info_of(manifest: Manifest) -> AgentInfo:
    """What a list of agents shows of one."""
    return AgentInfo(
        name=manifest.name,
        version=manifest.version,
        risk=manifest.risk.value,
        description=manifest.description,
        params=tuple(manifest.params.model_fields),
    )


def manifest_of(name: str, settings: Settings, workspace: str = DEFAULT_WORKSPACE) -> Manifest:
    """The manifest of that agent. Raises UnknownError with the nearest name, UnavailableError."""
    known = Agents(settings, workspace)
    try:
        return known[name]
    except KeyError:
        raise UnknownError(f"there is no agent '{name}'. {did_you_mean(name, known)}") from None


def run_agent(
    name: str,
    repository: str,
    *,
    ref: str,
    params: dict[str, JsonValue],
    runtime: RuntimeName,
    settings: Settings,
    log: Callable[[int, str], None],
) -> Result:
    """Run one agent over `repository` and return its result, a failure included. Notices go to `log`.

    Raises InvalidInputError, UnavailableError, or NodeFailedError when no result came.
    """
    manifest = manifest_of(name, settings)
    check_image(runtime, settings)
    run_id = str(uuid4())
    checkout = read_repository(repository, ref, settings)
    info = RunInfo(run=run_id, node=name, repository=checkout.repository, commit=checkout.commit)
    if checkout.notice:
        log(logging.WARNING, checkout.notice)
    with runtime_for(runtime, run_id, settings) as opened, tempfile.TemporaryDirectory() as scratch:
        if opened.notice:
            log(logging.WARNING, opened.notice)
        tar = Path(scratch) / "workspace.tar"
        checkout.write_tar(tar)
        opened.stage(tar)
        timeout = manifest.limits.timeout_seconds
        changes = checkout.changes() if manifest.history else {}
        job = Job(manifest=manifest, params=params, run=info, timeout=timeout, log=log, changes=changes)
        return opened.run(job).result
