"""What an agent declares about itself; the hub reads it before anything runs."""

from __future__ import annotations

from enum import StrEnum

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
    """Upper bounds of one agent run. Memory and disk in MiB, time in seconds of wall clock."""

    memory_mb: int = 2048
    cpus: float = 2.0
    pids: int = 256
    nofile: int = 4096
    tmp_mb: int = 512
    result_mb: int = 512
    timeout_seconds: float = 900.0


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
