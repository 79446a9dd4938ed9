"""The escape suite: every probe on a runtime as agents run there, and what became of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from pydantic import ValidationError

from agents.contract.manifest import Limits
from agents.contract.schema import Frozen, Result, RunInfo
from agents.probes.interface import LIMITS, Ending, Outcome, Probe, ProbeReport
from agents.probes.registry import PROBES
from agents.probes.schema import manifest
from flows.errors import DockyardError, NodeFailedError, NodeFloodedError, NodeOutOfMemoryError, NodeTimedOutError
from flows.runtime.bait import Bait
from flows.runtime.interface import Job, Runtime
from flows.runtime.verify import empty_tree

SECONDS = 90.0
"""Time of a container whose probes end by themselves."""
SHORT = 5.0
"""Time of one that the hub must end: enough to start in, and far less than the probe would take."""
LATE = 15.0
"""Seconds that ending one may take; more is as bad as not ending it."""


class Trial(Frozen):
    """One probe: what it is, what it tried, what should hold it, and what came of it. `seconds` are its container's."""

    probe: str
    tries: str
    holds: str
    contained: bool
    outcome: str
    seconds: float


def run_suite(
    runtime: Runtime,
    bait: Bait,
    *,
    probes: Sequence[Probe] = PROBES,
    at_once: int = 2,
    left: Callable[[], Sequence[str]] = tuple,
    told: Callable[[int], None] = lambda _count: None,
) -> tuple[Trial, ...]:
    """Run `probes`, `at_once` containers at a time, and return their trials in the same order.

    `left` names what the runtime has left behind, `told` hears how many probes are done. A probe counts as contained
    when it says so **and** the hub saw nothing else. Raises UnavailableError when the runtime itself fails.
    """
    trials: dict[str, Trial] = {}
    with tempfile.TemporaryDirectory() as folder:
        runtime.stage(empty_tree(Path(folder)))
    groups = [[probe] for probe in probes if probe.alone]
    shared = [probe for probe in probes if not probe.alone]
    if shared:
        groups.append(shared)
    with ThreadPoolExecutor(at_once) as pool:
        for done in as_completed([pool.submit(_run, runtime, bait, group) for group in groups]):
            for trial in done.result():
                trials[trial.probe] = trial
            told(len(trials))
    seen = list(bait.taken())
    behind = left()
    if behind:
        seen.append(("leftover-process", f"left behind: {', '.join(behind)}"))
    for name, what in seen:
        if name in trials:
            trials[name] = trials[name].model_copy(update={"contained": False, "outcome": what})
    return tuple(trials[probe.name] for probe in probes)


def _run(runtime: Runtime, bait: Bait, group: Sequence[Probe]) -> Iterator[Trial]:
    """The trials of the probes that share a container."""
    ours = bait.params.model_copy(update={"probes": tuple(probe.name for probe in group)})
    must_be_ended = Ending.REPORT not in group[0].endings and Ending.TIME in group[0].endings
    job = Job(
        manifest=manifest(_limits(group)),
        params=ours.model_dump(mode="json"),
        run=RunInfo(run="probe", node=group[0].name if group[0].alone else "shared"),
        timeout=SHORT if must_be_ended else SECONDS,
        log=lambda _level, line: _count(bait, line),
    )
    started = time.monotonic()
    outcomes = _attend(runtime, job, group)
    seconds = time.monotonic() - started
    if seconds > job.timeout + LATE:
        outcomes = [Outcome(contained=False, detail=f"ended {seconds - job.timeout:.0f} s after its time was over")] * len(
            group
        )
    for probe, outcome in zip(group, outcomes, strict=True):
        yield Trial(
            probe=probe.name,
            tries=probe.tries,
            holds=probe.holds,
            contained=outcome.contained,
            outcome=outcome.detail,
            seconds=round(seconds, 2),
        )


def _attend(runtime: Runtime, job: Job, group: Sequence[Probe]) -> list[Outcome]:
    try:
        result = runtime.run(job).result
    except NodeFailedError as error:
        return [_judged(probe, _ending(error), str(error)) for probe in group]
    except DockyardError:
        raise
    except Exception as error:  # noqa: BLE001 — the hub stumbled over what a probe did: that is an outcome, too
        return [Outcome(contained=False, detail=f"the hub failed: {type(error).__name__}: {error}")] * len(group)
    return [_reported(probe, result) for probe in group]


def _ending(error: NodeFailedError) -> Ending:
    match error:
        case NodeTimedOutError():
            return Ending.TIME
        case NodeFloodedError():
            return Ending.FLOOD
        case NodeOutOfMemoryError():
            return Ending.OUT_OF_MEMORY
    return Ending.REFUSED


def _judged(probe: Probe, ending: Ending, reason: str) -> Outcome:
    return Outcome(contained=ending in probe.endings, detail=reason)


def _reported(probe: Probe, result: Result) -> Outcome:
    if result.failure is not None:
        return Outcome(contained=False, detail=f"the probe failed: {result.failure.message}")
    if Ending.REPORT not in probe.endings:
        return Outcome(contained=False, detail="the hub took it for a result")
    try:
        told = ProbeReport.model_validate(result.report).outcomes.get(probe.name)
    except ValidationError as error:
        return Outcome(contained=False, detail=f"no report of a probe: {error.errors()[0]['msg']}")
    return told or Outcome(contained=False, detail="the container told nothing of it")


def _limits(group: Sequence[Probe]) -> Limits:
    return group[0].limits if group[0].alone else LIMITS


def _count(bait: Bait, line: str) -> None:
    bait.log_bytes += len(line)
