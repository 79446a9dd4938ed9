"""What the forkserver imports before the first run, so that no run has to."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections.abc import Iterable

from agents.catalog import AGENTS

FLOW_MODULE = "flows.run_workflow"
"""The module deployments point at."""

MODULES = (
    "prefect",
    "prefect.main",
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.deployments.steps.core",
    "prefect.events.clients",
    "prefect.events.worker",
    "prefect.logging.handlers",
    # Imported late by those above: seen by comparing sys.modules before and after a run.
    "anyio._backends._asyncio",
    "encodings.idna",
    "prefect.utilities.visualization",
    "pydantic.v1",
    "rich._emoji_codes",
    # `prefect worker start` is the worker's __main__, which multiprocessing imports again in every child.
    "prefect.cli",
    "flows.worker.child",
    "flows.worker.hooks",
    FLOW_MODULE,
    *(f"agents.{package}.schema" for package in AGENTS),
)


def preload(modules: Iterable[str]) -> list[str]:
    """Import `modules` and make this process fit for forking; returns one line for each thing that is wrong.

    A module that cannot be imported is no reason to stop: the run that needs it imports it again, fails,
    and says why in its own log. A thread is: only the forking thread lives on in a child, and a lock
    that another one held stays locked.
    """
    problems = []
    before = {*threading.enumerate()}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - any module may be broken in any way; reported below
            problems.append(f"cannot preload {name}: {type(error).__name__}: {error}")
    others = [thread.name for thread in threading.enumerate() if thread not in before]
    if others:
        problems.append(f"threads were started while preloading, forked runs may hang: {', '.join(others)}")
    gc.collect()
    # What is frozen is not touched by later collections, so that children go on sharing its pages.
    gc.freeze()
    return problems


def report(problems: Iterable[str]) -> None:
    """Print problems where the worker's operator sees them: there is no run yet whose log could tell."""
    for problem in problems:
        print(f"dockyard worker: {problem}", file=sys.stderr, flush=True)
