"""The seam every runtime implements: a job in, an execution out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from agents.contract.manifest import Manifest
from agents.contract.schema import Result, RunInfo


@dataclass(frozen=True)
class Job:
    """One agent to run over the staged workspace.

    `timeout` is wall clock in seconds. `log` takes a level and a line of the agent's stderr. `changes`: see `Request`.
    """

    manifest: Manifest
    params: dict[str, JsonValue]
    run: RunInfo
    timeout: float
    log: Callable[[int, str], None]
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """What came back: the agent's own result, and the digest of the image that gave it (`""` for local)."""

    result: Result
    image: str
    seconds: float


class Runtime(ABC):
    """Runs agents for one run over one workspace. Use as a context manager; leaving it removes all it made.

    `run` may be called from several threads at once. It raises NodeTimedOutError when the time was
    over, NodeFailedError when no readable result came, UnavailableError when the engine is at fault.
    """

    name: str
    image: str
    """What agents run from, told from every other: the image's digest, or a hash of the agents' sources."""
    notice: str | None = None
    """A sentence that every run prints, when the reader must know something about this runtime."""

    @abstractmethod
    def stage(self, tar: Path) -> None:
        """Make the tree in `tar` the workspace of the jobs to come."""

    @abstractmethod
    def run(self, job: Job) -> Execution:
        """Run one job to its end."""

    @abstractmethod
    def close(self) -> None:
        """End what still runs and remove what was made. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
