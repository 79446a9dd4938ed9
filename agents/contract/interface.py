"""The seam every agent implements."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.contract.manifest import Manifest
from agents.contract.schema import Params, Report, RunInfo
from agents.contract.workspace import Workspace

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Report)


@dataclass(frozen=True)
class Context:
    """What one run of an agent may use besides its params.

    `changes` has by file the commits of the past year that changed it, where the manifest wants the `history`.
    """

    workspace: Workspace
    run: RunInfo
    log: logging.Logger
    changes: Mapping[str, int] = field(default_factory=dict)


class Agent(ABC, Generic[P, R]):
    """One agent: typed params in, a typed report out. Raises AgentError for its own failures."""

    manifest: Manifest

    @abstractmethod
    def run(self, params: P, context: Context) -> R:
        """Do the work and answer with a report."""
