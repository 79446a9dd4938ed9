"""Starting an engine: the one place where agents run a program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.contract.errors import EngineError


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    executable: Path | None = None,
    ok: Sequence[int] = (0,),
    timeout: float = 600.0,
) -> str:
    """Run `command` without a shell and return its stdout, undecodable bytes replaced.

    `env` adds to a minimal environment: the repository's and the caller's variables don't reach the
    engine. Raises EngineError when the program is missing, exceeds `timeout` seconds or exits with a
    code that is not in `ok`.
    """
    base = {key: os.environ[key] for key in ("PATH", "TMPDIR", "LANG", "HOME") if key in os.environ}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [os.fspath(part) for part in command],
            executable=executable,
            cwd=cwd,
            env={**base, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise EngineError(f"{name} is not installed here; `dockyard doctor` says how to get it") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{name} did not finish within {timeout:.0f} s") from error
    if done.returncode not in ok:
        tail = done.stderr.decode("utf-8", "replace").strip()[-600:]
        raise EngineError(f"{name} ended with exit code {done.returncode}: {tail}")
    return done.stdout.decode("utf-8", "replace")
