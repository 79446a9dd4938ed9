"""Background processes of this machine: started once, found again by later commands, ended by one."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.contract.schema import Frozen
from flows.errors import UnavailableError
from flows.settings import ROOT

POLL_SECONDS = 0.2


class Process(Frozen):
    """A child by pid and start time, so that a reused pid is never taken for it."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether it runs."""
        return _start_time(self.pid) == self.started

    def end(self, timeout: float) -> None:
        """Ask it and its children to end, and after `timeout` seconds, 30 at most, make them."""
        for number, patience in ((signal.SIGTERM, min(timeout, 30.0)), (signal.SIGKILL, 10.0)):
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + patience
            while self.alive():
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_SECONDS)
            else:
                return


def spawn(name: str, command: list[str], log: Path) -> Process:
    """Start a process that outlives this one, its output at the end of `log`. Raises UnavailableError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            start_new_session=True,
        )
    started = _start_time(child.pid)
    if started is None:
        raise UnavailableError(f"the local {name} ended at once; see {log}")
    return Process(pid=child.pid, started=started)


def wait(ready: Callable[[], bool], child: Process, name: str, log: Path, timeout: float) -> None:
    """Wait until the child is ready. Raises UnavailableError when it ends, or `timeout` seconds are over."""
    deadline = time.monotonic() + timeout
    while not ready():
        if not child.alive():
            raise UnavailableError(f"the local {name} ended; see {log}")
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"the local {name} did not answer within {timeout:.0f} s; see {log}, or set DOCKYARD_START_TIMEOUT"
            )
        time.sleep(POLL_SECONDS)


def answers(address: str) -> bool:
    """Whether 200 comes back from there."""
    from httpx import HTTPError, get

    try:
        return get(address, timeout=2, trust_env=False).status_code == 200
    except HTTPError:
        return False


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """The port that is wanted, another where it is taken. Raises UnavailableError where `host` is no address of ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UnavailableError(f"nothing can listen on {host}: no port is free, or it is no address of this machine")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Two commands started at once must not start a thing twice."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def keep(file: Path, state: Frozen) -> None:
    """Write what is known of processes, whole or not at all."""
    scratch = file.with_suffix(".tmp")
    scratch.write_text(state.model_dump_json(), encoding="utf-8")
    scratch.replace(file)


def _start_time(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat, None when there is no such process or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
