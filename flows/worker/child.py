"""The child's side of a fork: take on the run's environment, do the work, leave as an interpreter would."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from prefect.context import refresh_global_settings_context
from prefect.logging.configuration import setup_logging
from prefect.settings import get_current_settings
from pydantic import BaseModel

ENGINE = "prefect.engine"


@dataclass(frozen=True)
class Surroundings:
    """What a new process would be given: all its environment, its folder, and whether its output is kept."""

    environment: dict[str, str]
    working_dir: Path
    stream_output: bool = True

    def enter(self) -> None:
        """Make this process look as if it had been started with these surroundings.

        Raises OSError for a folder that cannot be entered, ValueError for settings that are none.
        """
        os.chdir(self.working_dir)
        logging_was = _what_logging_depends_on()
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        # '' is wherever the run is: deployments' pull steps change the folder before the flow is imported.
        wanted = ["", *self.environment.get("PYTHONPATH", "").split(os.pathsep)]
        sys.path[:] = [*dict.fromkeys(wanted), *(entry for entry in sys.path if entry not in wanted)]
        if not self.stream_output:
            _discard_output()
        # Undo what being a multiprocessing child has set: a flow that uses multiprocessing gets the default.
        multiprocessing.set_start_method(None, force=True)
        sys.argv = [ENGINE]
        refresh_global_settings_context()
        # Half of what entering costs, and nearly always the same as the forkserver's.
        if logging_was is None or logging_was != _what_logging_depends_on():
            setup_logging(incremental=False)


@dataclass(frozen=True)
class Errand:
    """What a child is forked for: a module's function and its arguments, sent by reference."""

    function: Callable[..., None]
    arguments: tuple[str, ...] = ()


def main(parent: Connection) -> None:
    """Entry point of every child; what to do comes over `parent`.

    Answers with None when all is ready, else with the reason why not. The surroundings come over the
    connection and not with the fork, so that a child whose parent gave up on it reads the end of the
    file here and does nothing.
    """
    # Own session: a Ctrl-C at the worker's terminal is the worker's, and a cancel reaches the whole group.
    os.setsid()
    surroundings, errand = parent.recv()
    try:
        surroundings.enter()
    except Exception as error:  # noqa: BLE001 - a folder, a setting, a logging file: the worker tells
        parent.send(f"{type(error).__name__}: {error}")
        sys.exit(1)
    parent.send(None)
    parent.close()
    try:
        errand.function(*errand.arguments)
    finally:
        _finish()


def run_flow(flow_run_id: str) -> None:
    """Run a flow run as `python -m prefect.engine` does, by running that very module."""
    # A fresh instance runs as __main__; the library's own must not be found half-way.
    sys.modules.pop(ENGINE, None)
    sys.argv = [ENGINE, flow_run_id]
    runpy.run_module(ENGINE, run_name="__main__", alter_sys=True)


def _what_logging_depends_on() -> tuple[BaseModel, BaseModel, str, dict[str, str]] | None:
    """All that goes into Prefect's own logging configuration; None when the user has a file for it."""
    settings = get_current_settings()
    if settings.logging.config_path.exists():
        return None
    overrides = {name: value for name, value in os.environ.items() if name.startswith("PREFECT_LOGGING_")}
    return settings.logging, settings.internal, settings.server.logging_level, overrides


def _discard_output() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _finish() -> None:
    """What the interpreter does at its end, in its order; a multiprocessing child leaves out the second half.

    The first joins threads and drains Prefect's queues of logs and events, the second removes temporary
    folders and exports the last spans.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
