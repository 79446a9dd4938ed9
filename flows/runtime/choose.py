"""Which runtime a run gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flows.errors import UnavailableError
from flows.runtime.docker import DockerRuntime
from flows.runtime.interface import Runtime
from flows.runtime.local import LocalRuntime
from flows.runtime.verify import verify
from flows.settings import RuntimeName

if TYPE_CHECKING:
    from docker import DockerClient


def open_runtime(
    name: RuntimeName,
    *,
    connect: Callable[[], DockerClient],
    image: str,
    run_id: str,
    state_dir: Path,
    max_result_bytes: int,
) -> Runtime:
    """Open the runtime of that name; `auto` is docker when `connect` reaches an engine, else local.

    Raises UnavailableError when docker was asked for, or answers, and cannot be used: without the image, or without
    a limit of the sandbox.
    """
    if name is RuntimeName.LOCAL:
        return LocalRuntime(state_dir, run_id, max_result_bytes)
    try:
        client = connect()
    except UnavailableError:
        if name is RuntimeName.DOCKER:
            raise
        return LocalRuntime(state_dir, run_id, max_result_bytes)
    runtime = DockerRuntime(client, image, run_id, max_result_bytes)
    verify(client, runtime.image, state_dir)
    return runtime
