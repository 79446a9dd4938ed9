"""The page and API as a background process of this machine, beside the local Prefect server and worker."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from agents.contract.schema import Frozen
from flows.service.processes import Process, answers, free_port, keep, locked, spawn, wait
from flows.settings import ROOT, Settings

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - named so as not to be asked there
"""Addresses that a server listens on but nobody can connect to, and one that reaches it."""

PACKAGES = ("agents", "blocks", "flows", "ui")
SOURCES = frozenset({".py", ".css", ".yaml", ".json", ".html"})
"""Endings of the files in them that a page is made of; it reads them when it starts."""


class Served(Frozen):
    """A page that runs. `host` and `port` are where it listens."""

    host: str
    port: int
    process: Process
    made_of: str
    """Of which code and settings, as a hash: another page is started when they change."""

    @property
    def address(self) -> str:
        """Where this machine reaches it."""
        host = ANYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class LocalPage:
    """One page per state folder. `code` is the folder that holds the packages it is made of."""

    def __init__(self, settings: Settings, code: Path = ROOT) -> None:
        self._settings = settings
        self._code = code
        self._file = settings.state_dir / "page.json"
        self._lock = settings.state_dir / "page.lock"
        self._log = settings.state_dir / "logs" / "page.log"

    def use(self, host: str, port: int, command: Callable[[int], list[str]], say: Callable[[str], None]) -> Served:
        """Start a page or reuse the one that lives, and wait until it answers.

        `command` gives what to start for a port, which is another than `port` where that is taken. A page of other code,
        of other settings or of another Prefect server is ended first. Raises UnavailableError.
        """
        made_of = _fingerprint(host, port, self._code)
        with locked(self._lock):
            served = self._read()
            if served and served.process.alive() and served.made_of != made_of:
                say("The page runs with other settings or other code; starting it anew …")
                served.process.end(self._settings.start_timeout)
            if served is None or not served.process.alive():
                say("Starting the page …")
                # The port it had, if any: open pages and links go on to work.
                wanted = served.port if served and served.made_of == made_of else port
                chosen = free_port(wanted, host)
                process = spawn("page", command(chosen), self._log)
                served = Served(host=host, port=chosen, process=process, made_of=made_of)
                keep(self._file, served)
            health = f"{served.address}/api/health/live"
            wait(lambda: answers(health), served.process, "page", self._log, self._settings.start_timeout)
        return served

    def stop(self) -> bool:
        """End the page. Returns whether it ran."""
        with locked(self._lock):
            served = self._read()
            if served is None:
                return False
            running = served.process.alive()
            if running:
                served.process.end(self._settings.start_timeout)
            self._file.unlink(missing_ok=True)
            return running

    def _read(self) -> Served | None:
        try:
            return Served.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):  # never started, or another version's: start anew
            return None


def _fingerprint(host: str, port: int, code: Path) -> str:
    given = {name: value for name, value in os.environ.items() if name.startswith(("DOCKYARD_", "PREFECT_API_"))}
    said = repr((version("dockyard"), host, port, sorted(given.items())))
    digest = hashlib.sha256(said.encode(errors="surrogateescape"))
    for file in sorted(found for package in PACKAGES for found in (code / package).rglob("*") if found.suffix in SOURCES):
        # What the files hold, not their times: another branch and back again is the same page.
        digest.update(f"\n{file.relative_to(code)}\n".encode(errors="surrogateescape"))
        digest.update(file.read_bytes())
    return digest.hexdigest()
