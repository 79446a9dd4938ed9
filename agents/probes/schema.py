"""What a container that runs probes declares: a manifest like an agent's, in no catalog."""

from __future__ import annotations

from agents.contract.manifest import Limits, Manifest
from agents.probes.answers import NAME, VERSION
from agents.probes.interface import LIMITS, ProbeParams, ProbeReport


class ProbeManifest(Manifest):
    """A manifest whose module is no agent's."""

    @property
    def module(self) -> str:
        """What the runtime starts."""
        return "agents.probes.run"


def manifest(limits: Limits = LIMITS) -> ProbeManifest:
    """The manifest of probes that run under these limits."""
    return ProbeManifest(
        name=NAME,
        version=VERSION,
        description="Tries to get out of the sandbox.",
        params=ProbeParams,
        report=ProbeReport,
        limits=limits,
    )
