"""The agents' wire: one line of JSON in, one out. Nothing that comes back is trusted."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Callable

from pydantic import ValidationError

from agents.contract.manifest import Manifest
from agents.contract.schema import CONTRACT_VERSION, Request, Result
from flows.errors import NodeFailedError, NodeOutOfMemoryError
from flows.runtime.interface import Job

MAX_LINE_BYTES = 64 * 1024
"""A line of stderr without an end is passed on in pieces of this size: it must not fill the memory."""

MAX_LOG_BYTES = 8 * 1024 * 1024
"""What of a node's stderr is passed on; far more than anybody reads."""


def refuse_unmet(manifest: Manifest) -> None:
    """Raise NodeFailedError when `manifest` asks for what no runtime of this version gives."""
    wanted = []
    if manifest.network:
        wanted.append(f"network to {', '.join(manifest.network)}")
    if manifest.secrets:
        wanted.append(f"the secrets {', '.join(manifest.secrets)}")
    if wanted:
        raise NodeFailedError(f"{manifest.name} asks for {' and '.join(wanted)}, which no runtime of this version gives")


def request_line(job: Job, workspace: str) -> bytes:
    """The job as the line an agent reads."""
    request = Request(
        agent=job.manifest.name, params=job.params, workspace=workspace, run=job.run, changes=dict(job.changes)
    )
    # An agent that does not want the history need not know that there is such a field.
    return request.model_dump_json(exclude=None if job.manifest.history else {"changes"}).encode() + b"\n"


def read_result(job: Job, output: bytes, exit_code: int, last_words: str, *, out_of_memory: bool = False) -> Result:
    """The result in `output`. Raises NodeFailedError with a reason a person can act on."""
    name = job.manifest.name
    if out_of_memory:
        raise NodeOutOfMemoryError(f"{name} used more than its {job.manifest.limits.memory_mb} MiB of memory and was ended")
    lines = output.strip().split(b"\n") if output.strip() else []
    if len(lines) != 1:
        what = "no result" if not lines else f"{len(lines)} lines instead of one result"
        tail = f": {last_words}" if last_words else ""
        raise NodeFailedError(f"{name} gave {what} (exit code {exit_code}){tail}")
    try:
        result = Result.model_validate_json(lines[0])
        _strictly(lines[0])
    except ValidationError as error:
        first = error.errors()[0]
        raise NodeFailedError(f"{name} gave a result that is not of the contract: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise NodeFailedError(f"{name} gave a result that is not of the contract: {error}") from error
    if result.agent != name or result.contract != CONTRACT_VERSION:
        given = f"{result.agent} (contract {result.contract})"
        raise NodeFailedError(f"{name} gave a result of {given}; is the agent image up to date? `make images`")
    return result


def _strictly(line: bytes) -> None:
    """Raise ValueError for what the first reader lets pass and others read otherwise: keys twice, numbers without end."""
    json.loads(line, object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {key[:80]!r} stands in one object more than once")
    return unique


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:80]} is no number of JSON")
    return number


class StderrLines:
    """Passes an agent's stderr on to its log line by line, and keeps the last line for error messages.

    A line may start with a level name (`WARNING …`), as the runner writes it; others count as INFO. After MAX_LOG_BYTES
    the rest is left out, and said so: a log is kept for long, and read by people.
    """

    def __init__(self, log: Callable[[int, str], None]) -> None:
        self._log = log
        self._rest = b""
        self._left = MAX_LOG_BYTES
        self.last = ""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._emit(line)
        while len(rest) > MAX_LINE_BYTES:
            self._emit(rest[:MAX_LINE_BYTES])
            rest = rest[MAX_LINE_BYTES:]
        self._rest = rest

    def flush(self) -> None:
        """Pass on what stands after the last line's end."""
        self._emit(self._rest)
        self._rest = b""

    def _emit(self, line: bytes) -> None:
        text = "".join(map(_visible, line.decode("utf-8", "replace").rstrip()))
        if not text:
            return
        self.last = text
        if self._left < 0:
            return
        self._left -= len(line)
        if self._left < 0:
            self._log(logging.WARNING, f"more than {MAX_LOG_BYTES // 1024 // 1024} MiB of log: the rest is left out")
            return
        level, _, message = text.partition(" ")
        known = logging.getLevelNamesMapping().get(level)
        self._log(known or logging.INFO, message if known else text)


def _visible(character: str) -> str:
    # A log is read in terminals: an escape sequence there could rewrite what was said before.
    return character if character.isprintable() or character == "\t" else "\N{REPLACEMENT CHARACTER}"
