"""What an agent declares about itself; the hub reads it before anything runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from agents.contract.schema import Frozen, Params, Report

OWN_IMAGE = "dockyard-agent"
"""The image of the agents that come with the hub; which one exactly, their sources say."""


class Risk(StrEnum):
    """Whether a person must say yes before the agent's effect happens."""

    AUTO = "AUTO"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


class Isolation(StrEnum):
    """The least that must stand between an agent and the machine; each includes the one before."""

    ANY = "any"
    CONTAINER = "container"
    GVISOR = "gvisor"


class Limits(Frozen):
    """Upper bounds of one agent run. Memory and disk in MiB, time in seconds of wall clock.

    Each has bounds of its own: what Docker reads as no limit at all is none that a manifest can ask for.
    """

    memory_mb: Annotated[int, Field(ge=6, le=1024 * 1024)] = 2048
    cpus: Annotated[float, Field(gt=0, le=1024, allow_inf_nan=False)] = 2.0
    pids: Annotated[int, Field(ge=1, le=32_768)] = 256
    nofile: Annotated[int, Field(ge=16, le=1_048_576)] = 4096
    tmp_mb: Annotated[int, Field(ge=1, le=256 * 1024)] = 512
    result_mb: Annotated[int, Field(ge=1, le=4096)] = 512
    timeout_seconds: Annotated[float, Field(gt=0, le=7 * 24 * 3600, allow_inf_nan=False)] = 900.0


class Manifest(Frozen):
    """An agent's declaration.

    `network` lists the only hosts it may reach, empty means no network; `secrets` what it may receive. The hub gives nobody
    a network or a secret as yet: its runtimes refuse a manifest that asks for any of them, so that no agent runs without
    what it needs. `history`: it wants to know how often files changed, which no tree says. `image` is the image that holds
    it: the hub's own for its own agents, for a registered one a digest. `isolation` is refused by a runtime that gives
    less: the local one is no security boundary, and gVisor needs an engine with its runtime `runsc`.
    """

    name: str
    version: str
    description: str
    params: type[Params]
    report: type[Report]
    risk: Risk = Risk.AUTO
    image: str = OWN_IMAGE
    limits: Limits = Limits()
    network: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    history: bool = False
    isolation: Isolation = Isolation.ANY

    @property
    def foreign(self) -> bool:
        """Whether it is an agent of others, in an image of its own, which says itself how it is started."""
        return self.image != OWN_IMAGE

    @property
    def module(self) -> str:
        """The Python module that `python -m` runs for this agent."""
        return f"agents.{self.name.replace('-', '_')}"
