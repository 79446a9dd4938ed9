"""The seam every probe implements: it tries to get out and tells what it saw. All of them are bounded, contained or not."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, ClassVar, ParamSpec

from pydantic import Field

from agents.contract.manifest import Limits
from agents.contract.schema import Frozen, Params, Report

LIMITS = Limits(memory_mb=128, cpus=1.0, pids=64, nofile=256, tmp_mb=16, result_mb=1, timeout_seconds=60.0)
"""What probes run under: small, so that reaching a limit takes no time."""
P = ParamSpec("P")
DENIED = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})


class Ending(StrEnum):
    """How a probe's container comes to its end, as the hub tells it."""

    REPORT = "report"
    OUT_OF_MEMORY = "out-of-memory"
    TIME = "time"
    FLOOD = "flood"
    REFUSED = "refused"


class ProbeParams(Params):
    """Which probes to make, and what the hub has laid out on its own machine for them to reach.

    `canary` is a file with a secret whose sha256 is `secret_digest`; `port` and `socket` are listened on (TCP on the
    loopback, a socket beside the canary, an abstract one of the same name); `gateways` are the engine's addresses on
    its bridges; `token` stands in the command line of a process there, and in a variable of the hub's.
    """

    probes: tuple[str, ...] = Field(min_length=1)
    canary: str = ""
    secret_digest: str = ""
    port: int = 0
    socket: str = ""
    gateways: tuple[str, ...] = ()
    token: str = ""


class Outcome(Frozen):
    """What became of one probe."""

    contained: bool
    detail: str


class ProbeReport(Report):
    """The outcomes by name, and what the container says of its own limits where `limits` was asked for."""

    outcomes: dict[str, Outcome] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)


class Seen:
    """What one probe saw. Nothing tried is nothing proven: an outcome without attempts is not contained."""

    def __init__(self) -> None:
        self._escapes: list[str] = []
        self._refused: Counter[str] = Counter()

    def escaped(self, what: str) -> None:
        """This was possible, and must not be."""
        self._escapes.append(what)

    def refused(self, why: str) -> None:
        """An attempt failed, for this reason."""
        self._refused[why] += 1

    def attempt(self, what: str, action: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> None:
        """Try `action` with these arguments: an OSError is a refusal, all else an escape."""
        self._try(what, None, action, *arguments, **options)

    def call(self, what: str, action: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> None:
        """Try a system call that a filter or the lack of privileges must deny: any other error is an escape, too."""
        self._try(what, DENIED, action, *arguments, **options)

    def _try(
        self, what: str, denied: frozenset[int] | None, action: Callable[P, object], *arguments: P.args, **options: P.kwargs
    ) -> None:
        try:
            action(*arguments, **options)
        except OSError as error:
            if denied is None or error.errno in denied:
                self.refused(error.strerror or str(error))
            else:
                self.escaped(f"{what} got as far as: {error.strerror or error}")
        else:
            self.escaped(what)

    def outcome(self) -> Outcome:
        """The sum of it."""
        if self._escapes:
            more = len(self._escapes) - 3
            tail = f"; and {more} more" if more > 0 else ""
            return Outcome(contained=False, detail="; ".join(self._escapes[:3]) + tail)
        if not self._refused:
            return Outcome(contained=False, detail="nothing was tried")
        reasons = [f"{why} ({count} times)" if count > 1 else why for why, count in self._refused.most_common(3)]
        return Outcome(contained=True, detail=", ".join(reasons))


def opened(path: str | Path, flags: int = os.O_RDONLY) -> None:
    """Open that file, and close it again."""
    os.close(os.open(path, flags))


class Probe(ABC):
    """One attempt. `tries` says what, `holds` what is expected to stop it; both are shown to people."""

    name: ClassVar[str]
    tries: ClassVar[str]
    holds: ClassVar[str]
    alone: ClassVar[bool] = False
    """Whether it needs a container of its own."""
    endings: ClassVar[frozenset[Ending]] = frozenset({Ending.REPORT})
    """Ends that count as contained; after REPORT the outcome in it decides."""
    limits: ClassVar[Limits] = LIMITS

    @abstractmethod
    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Try it, and tell `seen`."""


class RawProbe(Probe):
    """A probe that does something to the wire itself: it has a container, and its standard output, to itself."""

    alone = True

    @abstractmethod
    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """Write what no agent should to standard output."""

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Never called: there is no report of it."""
        raise NotImplementedError(self.name)
