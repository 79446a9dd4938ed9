"""The command on a terminal of its own, with somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from flows.settings import ROOT


def at_terminal(*arguments: str | Path, answers: dict[str, str], seconds: float = 120) -> tuple[int, str]:
    """Run the command on a terminal of its own, typing each answer once its question is there; status and screen."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli.main", *map(str, arguments)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)
    seen, left, end = "", dict(answers), time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    seen += os.read(leader, 65536).decode("utf-8", "replace")
                except OSError:  # Linux says so when the other side is gone
                    break
            for question in [question for question in left if question in seen]:
                os.write(leader, f"{left.pop(question)}\n".encode())
        return process.wait(30), seen
    finally:
        process.kill()
        os.close(leader)
