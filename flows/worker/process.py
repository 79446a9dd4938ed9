"""The worker's side of a fork: the forkserver, and one process forked from it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess

import anyio
import anyio.to_thread

from flows.errors import UnavailableError
from flows.worker.child import Errand, Surroundings, main

_UNKNOWN = 255
"""What multiprocessing reports when the forkserver died before the child did."""

_DEATH_SECONDS = 10.0
"""How long a killed forkserver may take to be gone: on a busy machine it still counts as running for a while."""

_RETRY_SECONDS = 0.1

# multiprocessing looks after all its children whenever one is started, and is not safe against two threads
# reading the same exit status.
_multiprocessing_lock = threading.Lock()


class ForkedProcess:
    """A process forked from the forkserver, leader of its own group.

    Also what Prefect calls a termination scope: it says how to end this process.
    """

    wait_after_graceful_kill = False
    """Prefect need not wait (it does so in steps of three seconds, for half a minute) and escalate: we do."""

    def __init__(self, process: ForkServerProcess, *, grace_seconds: float) -> None:
        if process.pid is None:
            raise ValueError("the process has not been started")
        self.pid: int = process.pid
        self.returncode: int | None = None
        """Once the process is gone: its exit status, negative for a signal; 0 when it was cancelled."""
        self._process = process
        self._grace_seconds = grace_seconds
        self._gone = anyio.Event()
        self._escalation: asyncio.TimerHandle | None = None
        self._cancelled = False
        self._pidfd = _pidfd(process.pid)

    async def watch(self) -> int:
        """Wait for the end, reap, and return the return code. For one task at a time; others use `stop`."""
        if self.returncode is None:
            await anyio.wait_readable(self._process.sentinel)
            if self._pidfd is not None:
                # The sentinel is also readable when the forkserver died, and then the run may well live on.
                await anyio.wait_readable(self._pidfd)
            with anyio.CancelScope(shield=True):
                code = await anyio.to_thread.run_sync(self._reap)
            if self._escalation is not None:
                self._escalation.cancel()
                # We ended it, so what it has left behind in its group goes with it.
                self.hard_kill(self.pid)
            self.returncode = 0 if self._cancelled else code
            self._gone.set()
        return self.returncode

    async def stop(self) -> None:
        """SIGTERM, SIGKILL after the grace; returns when the process is gone. Another task must `watch`."""
        self.graceful_kill(self.pid)
        await self._gone.wait()

    async def cancel(self) -> None:
        """Stop because somebody cancelled the run: however the process ends, that is no crash."""
        self._cancelled = True
        await self.stop()

    def is_alive(self, pid: int) -> bool:  # noqa: ARG002 - Prefect's interface
        """Whether it still runs."""
        return self.returncode is None

    def graceful_kill(self, pid: int) -> None:
        """SIGTERM to the group, once (a second would interrupt the engine's handling of the first)."""
        if self._escalation is not None or self.returncode is not None:
            return
        self._escalation = asyncio.get_running_loop().call_later(self._grace_seconds, self.hard_kill, pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)

    def hard_kill(self, pid: int) -> None:
        """SIGKILL to the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def close(self) -> None:
        """Nothing is held once the process has been reaped."""

    def _reap(self) -> int:
        with _multiprocessing_lock:
            self._process.join()
            code = self._process.exitcode
            self._process.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
        return _UNKNOWN if code is None else code


def start_forkserver() -> None:
    """Start the forkserver, unless it runs; it imports in the background, the first fork waits for it."""
    multiprocessing.set_forkserver_preload(["flows.worker.preloaded"])
    with _multiprocessing_lock:
        forkserver.ensure_running()


async def fork(surroundings: Surroundings, errand: Errand, *, grace_seconds: float) -> ForkedProcess:
    """Fork a child for an errand; returns when it stands in its surroundings.

    A forkserver that has died is started anew. Raises UnavailableError when no child could be made ready.
    """
    process = await anyio.to_thread.run_sync(_fork, surroundings, errand)
    return ForkedProcess(process, grace_seconds=grace_seconds)


def _fork(surroundings: Surroundings, errand: Errand) -> ForkServerProcess:
    attempts, deadline = 0, time.monotonic() + _DEATH_SECONDS
    while True:
        try:
            process, problem = _fork_once(surroundings, errand)
            break
        except (EOFError, ConnectionError) as error:
            # The forkserver died under our hands. A child that it may have left has no errand, and ends.
            attempts += 1
            if attempts > 1 and time.monotonic() > deadline:
                raise UnavailableError(
                    "no process could be forked for the run; the worker's standard error says why"
                ) from error
            time.sleep(_RETRY_SECONDS)
            start_forkserver()
    if problem is not None:
        with _multiprocessing_lock:
            process.join()
            process.close()
        raise UnavailableError(f"the run's process could not be set up: {problem}")
    return process


def _fork_once(surroundings: Surroundings, errand: Errand) -> tuple[ForkServerProcess, str | None]:
    """A child, and why it is not ready if it is not; EOFError or ConnectionError when there is none."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    with ours:
        process = context.Process(target=main, args=(theirs,), daemon=False)
        with theirs, _multiprocessing_lock:
            process.start()
        ours.send((surroundings, errand))
        return process, ours.recv()


def _pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where there is no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, ProcessLookupError):
        return None
