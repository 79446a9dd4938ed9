"""Flows that test_worker.py deploys: imported by name in the runs' processes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from prefect import flow, suspend_flow_run, task
from prefect.logging import get_run_logger


@task
def add_one(number: int) -> int:
    return number + 1


@flow(log_prints=True)
def three_steps() -> int:
    get_run_logger().info("PROBE is %s", os.environ.get("PROBE"))
    print(f"folder is {Path.cwd()}, session {os.getsid(0)}, process {os.getpid()}")
    return add_one(add_one(add_one(0)))


@flow
async def asynchronous() -> int:
    return add_one(1)


@flow
def fails() -> None:
    raise ValueError("this flow always fails")


@flow(retries=1, retry_delay_seconds=0)
def fails_once(folder: str) -> None:
    marker = Path(folder) / "failed"
    if not marker.exists():
        marker.touch()
        raise ValueError("only the first time")


@flow(timeout_seconds=1)
def outlasts_its_time() -> None:
    time.sleep(60)


@flow
def suspends() -> None:
    suspend_flow_run(timeout=600)


def _note_hook(name: str, parameters: dict[str, Any]) -> None:
    (Path(parameters["folder"]) / name).write_text(str(os.getpid()))


def note_cancellation(flow: Any, flow_run: Any, state: Any) -> None:
    _note_hook("cancelled", flow_run.parameters)


def note_crash(flow: Any, flow_run: Any, state: Any) -> None:
    _note_hook("crashed", flow_run.parameters)


def _started(folder: str) -> None:
    # Renamed, so that who sees the file sees its content.
    half = Path(folder) / f"started.{os.getpid()}"
    half.write_text(str(os.getpid()))
    half.rename(Path(folder) / "started")


@flow(on_cancellation=[note_cancellation], on_crashed=[note_crash], log_prints=True)
def waits(folder: str) -> None:
    """Until a file `go` appears."""
    _started(folder)
    while not (Path(folder) / "go").exists():
        time.sleep(0.05)
    print("went on")


@flow(on_cancellation=[note_cancellation], on_crashed=[note_crash])
def will_not_end(folder: str) -> None:
    """Ignores whatever SIGTERM raises."""
    _started(folder)
    while True:
        try:
            time.sleep(0.05)
        except BaseException:  # noqa: BLE001, S112 - that is the point of it
            continue
