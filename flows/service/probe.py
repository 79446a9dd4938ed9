"""Proving the sandbox from inside: the escape suite on the runtime that agents run on."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import computed_field

from agents.contract.schema import Frozen
from agents.probes.registry import PROBES, by_name
from flows.definition.problems import did_you_mean
from flows.errors import UnavailableError, UnknownError
from flows.execution.engine import check_image, connect, runtime_for
from flows.runtime.bait import Bait
from flows.runtime.sandbox import LABEL
from flows.runtime.suite import Trial, run_suite
from flows.settings import RuntimeName, Settings

if TYPE_CHECKING:
    from docker import DockerClient

MOST_AT_ONCE = 4
"""Containers at a time, on machines with more processors, too: several probes measure time."""


class Probing(Frozen):
    """A whole suite: on which runtime, with which notice for the reader, and every trial."""

    runtime: str
    notice: str | None
    trials: tuple[Trial, ...]

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to write it; mypy cannot follow
    @property
    def contained(self) -> int:
        """How many probes were."""
        return sum(trial.contained for trial in self.trials)


class ProbeInfo(Frozen):
    """A probe, for people who choose one."""

    name: str
    tries: str
    holds: str


def probes() -> tuple[ProbeInfo, ...]:
    """Every probe, in the order of the suite."""
    return tuple(ProbeInfo(name=probe.name, tries=probe.tries, holds=probe.holds) for probe in PROBES)


def probe_sandbox(
    runtime: RuntimeName,
    settings: Settings,
    *,
    only: Sequence[str] = (),
    told: Callable[[int], None] = lambda _count: None,
) -> Probing:
    """Run the probes named in `only`, or all; `told` hears how many are done.

    Raises UnknownError for a probe there is not, UnavailableError when the runtime can't be had or lacks a limit.
    """
    known = by_name()
    for name in only:
        if name not in known:
            raise UnknownError(f"there is no probe '{name}'. {did_you_mean(name, known)}")
    chosen = [known[name] for name in known if not only or name in only]
    check_image(runtime, settings)
    run_id = f"probe-{uuid4()}"
    client = _client(runtime, settings)
    try:
        with runtime_for(runtime, run_id, settings) as opened, Bait(_gateways(client)) as bait:
            docker = client if opened.name == RuntimeName.DOCKER else None
            trials = run_suite(
                opened,
                bait,
                probes=chosen,
                at_once=max(1, min(os.cpu_count() or 1, MOST_AT_ONCE)),
                left=lambda: _containers(docker, run_id),
                told=told,
            )
            return Probing(runtime=opened.name, notice=opened.notice, trials=trials)
    finally:
        if client is not None:
            client.close()


def _client(runtime: RuntimeName, settings: Settings) -> DockerClient | None:
    if runtime is RuntimeName.LOCAL:
        return None
    try:
        return connect(settings)
    except UnavailableError:
        if runtime is RuntimeName.DOCKER:
            raise
        return None


def _gateways(client: DockerClient | None) -> tuple[str, ...]:
    """The engine's own addresses on its bridges, for probes to reach."""
    if client is None:
        return ()
    found = set()
    for network in client.networks.list(filters={"driver": "bridge"}):
        for config in ((network.attrs or {}).get("IPAM") or {}).get("Config") or ():
            gateway = config.get("Gateway") or _first(config.get("Subnet"))
            if gateway:
                found.add(gateway)
    return tuple(sorted(found))


def _first(subnet: str | None) -> str | None:
    return str(next(ipaddress.ip_network(subnet, strict=False).hosts())) if subnet else None


def _containers(client: DockerClient | None, run_id: str) -> list[str]:
    if client is None:
        return []
    mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL}.run={run_id}"}
    return [one.name or "" for one in client.containers.list(all=True, filters=mine, ignore_removed=True)]
