"""A flow whose module takes its time: a run of it has a process long before it is Running."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from prefect import flow

_folder = Path(os.environ["SLOW_IMPORT"])
if not (_folder / "started").exists():
    (_folder / "started.half").write_text(str(os.getpid()))
    (_folder / "started.half").rename(_folder / "started")
    time.sleep(600)


def note_cancellation(flow: Any, flow_run: Any, state: Any) -> None:
    (_folder / "cancelled").touch()


def note_crash(flow: Any, flow_run: Any, state: Any) -> None:
    (_folder / "crashed").touch()


@flow(on_cancellation=[note_cancellation], on_crashed=[note_crash])
def slow_to_import() -> None:
    """Never gets as far as this."""
