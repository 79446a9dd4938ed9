"""What the hub lays out on its own machine for probes to reach, and how it tells whether one did."""

from __future__ import annotations

import hashlib
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from agents.probes.interface import ProbeParams
from flows.runtime.protocol import MAX_LOG_BYTES

MIB = 1024 * 1024
HUB_MEMORY = 256 * MIB
"""What the hub's own memory may grow by while the suite runs: floods must not gather in it."""
VARIABLE = "DOCKYARD_PROBE_TOKEN"
GONE_SECONDS = 5.0
"""How long a process that was left behind may take to be gone."""


class Bait:
    """A file with a secret, three sockets that listen, a process and a variable with a token. Use as a context manager."""

    def __init__(self, gateways: tuple[str, ...]) -> None:
        self._gateways = gateways
        self._stack = ExitStack()
        self.log_bytes = 0

    def __enter__(self) -> Self:
        # Not below the system's temporary folder: in a sandbox that is another one, which would hide it by accident.
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="dockyard-bait-", dir=_home())))
        self._folder.chmod(0o777)  # the sandbox must hold, not the modes of files
        self._canary = self._folder / "canary"
        self._content = secrets.token_bytes(32)
        self._canary.write_bytes(self._content)
        self._canary.chmod(0o666)
        self._token = f"dockyard-bait-{secrets.token_hex(12)}"
        self._port = self._listen(socket.AF_INET, ("127.0.0.1", 0))
        self._abstract = self._listen(socket.AF_UNIX, "\0" + self._token)
        self._beside = self._listen(socket.AF_UNIX, str(self._folder / "hub.sock"))
        (self._folder / "hub.sock").chmod(0o777)
        self._stack.callback(os.environ.pop, VARIABLE, None)
        os.environ[VARIABLE] = self._token
        waiting = "import sys; sys.stdin.read()"  # ends with this process, whatever happens to it
        child = subprocess.Popen([sys.executable, "-c", waiting, self._token], stdin=subprocess.PIPE)
        self._stack.callback(child.communicate)
        self._memory = _peak()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def params(self) -> ProbeParams:
        """Where all of it is, as probes are told; the probes themselves are not named yet."""
        return ProbeParams(
            probes=("none",),
            canary=str(self._canary),
            secret_digest=hashlib.sha256(self._content).hexdigest(),
            port=self._port.getsockname()[1],
            socket=str(self._folder / "hub.sock"),
            gateways=self._gateways,
            token=self._token,
        )

    def taken(self) -> Iterator[tuple[str, str]]:
        """After the suite: the name of a probe, and what the hub itself saw of its escape."""
        names = {path.name for path in self._folder.iterdir()} - {"canary", "hub.sock"}
        if names:
            yield "write-root", f"left {', '.join(sorted(names))} in the hub's folder"
        if not self._canary.is_file() or self._canary.read_bytes() != self._content:
            yield "write-root", "changed the hub's file"
        for listener, probe, what in (
            (self._port, "network-loopback", "the hub's port was connected to"),
            (self._abstract, "network-loopback", "the hub's abstract socket was connected to"),
            (self._beside, "docker-socket", "the hub's socket was connected to"),
        ):
            if _was_connected(listener):
                yield probe, what
        if self.log_bytes > 2 * MAX_LOG_BYTES:
            yield "stored-log-flood", f"{self.log_bytes // MIB} MiB came into the log"
        grown = _peak() - self._memory
        if grown > HUB_MEMORY:
            yield "stdout-flood", f"the hub's memory grew by {grown // MIB} MiB"
        left = f"left-{self._token}"
        end = time.monotonic() + GONE_SECONDS
        while (pids := _processes_with(left)) and time.monotonic() < end:
            time.sleep(0.05)
        if pids:
            yield "leftover-process", f"process {pids[0]} outlives the run"

    def _listen(self, family: int, address: tuple[str, int] | str) -> socket.socket:
        listener = self._stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
        return listener


def _home() -> Path:
    home = Path.home()
    return home if os.access(home, os.W_OK) else Path.cwd()


def _was_connected(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _processes_with(token: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:  # gone meanwhile, or somebody else's
                continue
            if token.encode() in command:
                found.append(int(folder.name))
    return found
