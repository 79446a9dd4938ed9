"""Whether an engine holds what the sandbox asks for, before an agent runs: by what it says, and by what the kernel says.

An engine without a controller of the kernel's drops the limit with a warning that nobody reads. So a run is refused
with the limit's name. The look from inside takes a container, so a good answer is kept for a day.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agents.contract.manifest import Limits
from agents.contract.schema import RunInfo
from agents.probes.interface import LIMITS, ProbeReport
from agents.probes.schema import manifest
from flows.errors import DockyardError, UnavailableError
from flows.runtime import sandbox
from flows.runtime.docker import DockerRuntime
from flows.runtime.interface import Job
from flows.runtime.seccomp import profile_json

if TYPE_CHECKING:
    from docker import DockerClient

log = logging.getLogger(__name__)

MIB = 1024 * 1024
KEPT = 24 * 3600.0
"""Seconds that a good answer counts for the same engine, image and settings."""
SECONDS = 120.0

FACTS = (
    "ID", "Name", "DockerRootDir", "ServerVersion", "KernelVersion", "CgroupDriver", "CgroupVersion", "Driver",
    "SecurityOptions", "Runtimes", "DefaultRuntime", "MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota", "CpuCfsPeriod",
    "OSType", "NCPU",
)  # fmt: skip
"""What tells one engine, and one way to set it up, from every other. The id alone doesn't: it is a file of the machine's."""

SAID: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "memory limit": lambda info: bool(info.get("MemoryLimit")),
    "swap limit": lambda info: bool(info.get("SwapLimit")),
    "process limit": lambda info: bool(info.get("PidsLimit")),
    "CPU limit": lambda info: bool(info.get("CpuCfsQuota")) and bool(info.get("CpuCfsPeriod")),
    "seccomp": lambda info: any("name=seccomp" in str(option) for option in info.get("SecurityOptions") or ()),
    "Linux containers": lambda info: info.get("OSType") == "linux",
}
"""Limit by limit, how the engine's own description tells that it can hold it."""


def lacking(info: Mapping[str, Any]) -> list[str]:
    """The limits that the engine says it can't hold; `info` is what `docker info` shows."""
    return [name for name, holds in SAID.items() if not holds(info)]


def ineffective(values: Mapping[str, str], limits: Limits, processors: int) -> list[str]:
    """The limits that don't hold inside, by what a container under `limits` reads there, on so many processors."""
    memory = str(limits.memory_mb * MIB)
    tmp = str(limits.tmp_mb * MIB)
    wanted: dict[str, bool] = {
        "memory limit": values.get("memory") == memory,
        "swap limit": values.get("swap") == ("0" if values.get("cgroup-version") == "2" else memory),
        "process limit": values.get("pids") == str(limits.pids),
        "CPU limit": abs(_processors(values) - min(limits.cpus, processors)) < 0.01,
        "seccomp": values.get("Seccomp") == "2",
        "no new privileges": values.get("NoNewPrivs") == "1",
        "no capabilities": all(int(values.get(f"Cap{kind}", "1"), 16) == 0 for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")),
        "user": values.get("uid") == sandbox.USER.partition(":")[0],
        "read-only root": "ro" in values.get("/ flags", "").split(),
        "read-only workspace": "ro" in values.get("/workspace flags", "").split(),
        "size of /tmp": values.get(f"{sandbox.TMP} size") == tmp,
        "number of files in /tmp": values.get(f"{sandbox.TMP} files") == str(limits.tmp_mb * sandbox.FILES_PER_MIB),
        "no programs in /tmp": {"noexec", "nosuid", "nodev"} <= set(values.get(f"{sandbox.TMP} flags", "").split()),
        "size of /dev/shm": values.get(f"{sandbox.SHM} size") == str(sandbox.SHM_MB * MIB),
        "open files": values.get("nofile") == str(limits.nofile),
        "size of a file": values.get("fsize") == tmp,
        "core dumps": values.get("core") == "1",
        "no network": values.get("interfaces") == "lo",
        "own control groups": values.get("cgroup") == "/",
        "first to go without memory": values.get("oom_score_adj") == str(sandbox.OOM_SCORE),
    }
    return [name for name, holds in wanted.items() if not holds]


def examine(client: DockerClient, image: str) -> list[str]:
    """The limits that this engine doesn't hold, each once. Raises UnavailableError when it can't be found out."""
    info = client.info()
    found = lacking(info)
    if found:  # a container would be refused by itself, with less to read
        return found
    processors = min(int(info.get("NCPU") or 1), os.cpu_count() or 1)
    return ineffective(_inside(client, image), LIMITS, processors)


def verify(client: DockerClient, image: str, state_dir: Path) -> None:
    """Raise UnavailableError that names every limit this engine doesn't hold; asks again after a day, or a change."""
    from docker.errors import DockerException

    try:
        mark = state_dir / "engines" / f"{_key(client, image)}.json"
        if _fresh(mark):
            return
        found = examine(client, image)
    except DockerException as error:
        raise UnavailableError(f"the Docker engine does not answer: {error}") from error
    if found:
        raise UnavailableError(
            f"the Docker engine does not hold these limits of the sandbox: {', '.join(found)}. "
            "Nothing runs there; see docs/reference/sandbox.md#checks"
        )
    mark.parent.mkdir(parents=True, exist_ok=True)
    fresh = mark.with_suffix(f".{uuid4().hex}")
    fresh.write_text(json.dumps({"checked": time.time()}), encoding="utf-8")
    fresh.replace(mark)


def _inside(client: DockerClient, image: str) -> dict[str, str]:
    """What a container reads of its own limits."""
    with DockerRuntime(client, image, str(uuid4()), MIB) as runtime, tempfile.TemporaryDirectory() as folder:
        runtime.stage(empty_tree(Path(folder)))
        run = RunInfo(run=runtime.run_id, node="limits")
        job = Job(manifest(), {"probes": ["values"]}, run, SECONDS, lambda _level, line: log.debug("%s", line))
        try:
            result = runtime.run(job).result
        except UnavailableError:
            raise
        except DockyardError as error:
            raise UnavailableError(f"the limits of the sandbox cannot be looked at from inside: {error}") from error
    if result.failure is not None:
        raise UnavailableError(f"the limits of the sandbox cannot be looked at from inside: {result.failure.message}")
    return ProbeReport.model_validate(result.report).values


def empty_tree(folder: Path) -> Path:
    """A tar of a workspace with one file in it, below `folder`."""
    path = folder / "workspace.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("README.md")
        member.size = len(text := b"Nothing to see here.\n")
        tar.addfile(member, io.BytesIO(text))
    return path


def _processors(values: Mapping[str, str]) -> float:
    parts = f"{values.get('cpu', '')} {values.get('cpu-period', '')}".split()
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return float("inf")
    return int(parts[0]) / int(parts[1])


def _key(client: DockerClient, image: str) -> str:
    """Tells one engine, its configuration, the image and our settings from every other."""
    info = client.info()
    facts: dict[str, object] = {name: info.get(name) for name in FACTS}
    facts["image"] = client.images.get(image).id
    facts["settings"] = [profile_json(), repr(sandbox.hardening(LIMITS)), sandbox.MASKED_PATHS, sandbox.READONLY_PATHS]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _fresh(mark: Path) -> bool:
    try:
        checked = float(json.loads(mark.read_text(encoding="utf-8"))["checked"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return 0 <= time.time() - checked < KEPT
