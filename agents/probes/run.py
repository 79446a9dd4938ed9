"""Runs probes: `python -m agents.probes.run`, with a request on standard input as every agent gets one."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback

from pydantic import ValidationError

from agents.contract.interface import Agent, Context
from agents.contract.runner import serve
from agents.contract.schema import Request
from agents.probes.interface import Outcome, Probe, ProbeParams, ProbeReport, RawProbe, Seen
from agents.probes.registry import by_name
from agents.probes.schema import manifest
from agents.probes.values import values

SECONDS = 30.0
"""Longer takes no probe that the hub doesn't end itself."""
VALUES = "values"
"""Asked for like a probe: what the kernel says of the limits."""


class Probes(Agent[ProbeParams, ProbeReport]):
    """Makes one probe after the other, each in a process of its own: what one does to itself touches no other."""

    manifest = manifest()

    def run(self, params: ProbeParams, context: Context) -> ProbeReport:
        """The outcomes of those that were asked for."""
        known = by_name()
        outcomes = {name: _apart(known[name], params) for name in params.probes if name in known}
        return ProbeReport(outcomes=outcomes, values=values() if VALUES in params.probes else {})


def _apart(probe: Probe, place: ProbeParams) -> Outcome:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            seen = Seen()
            probe.attempt(place, seen)
            os.write(writer, seen.outcome().model_dump_json().encode())
        except BaseException:  # noqa: BLE001 — told by the missing outcome, and on standard error
            traceback.print_exc()
        finally:
            os._exit(0)  # whatever fails here: this copy must never go on as if it were the first
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], SECONDS)
    told = os.read(reader, 65536) if ready else b""
    os.close(reader)
    if not told:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if told:
        return Outcome.model_validate_json(told)
    return Outcome(contained=False, detail=f"the probe ended with status {status} and told nothing of what it saw")


def main() -> int:
    """Serve one request; a raw probe has standard output to itself."""
    line = sys.stdin.buffer.readline()
    raw = _raw(line)
    if raw is not None:
        probe, place = raw
        with os.fdopen(1, "wb", buffering=0) as out:
            probe.speak(out, place)
        return 0
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        answer.write(serve(Probes(), line).model_dump_json() + "\n")
    return 0


def _raw(line: bytes) -> tuple[RawProbe, ProbeParams] | None:
    try:
        params = ProbeParams.model_validate_json(json.dumps(Request.model_validate_json(line).params))
    except ValidationError:
        return None
    probe = by_name().get(params.probes[0])
    return (probe, params) if isinstance(probe, RawProbe) else None


if __name__ == "__main__":
    sys.exit(main())
