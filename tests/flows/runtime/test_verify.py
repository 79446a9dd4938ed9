"""An engine that doesn't hold a limit is told by the limit's name, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from agents.contract.manifest import Isolation, Limits
from agents.probes.interface import LIMITS
from flows.errors import UnavailableError
from flows.runtime import sandbox, verify
from flows.runtime.sandbox import SHM, TMP

MIB = 1024 * 1024
INFO: dict[str, Any] = {
    "OSType": "linux", "MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "CpuCfsQuota": True, "CpuCfsPeriod": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
}  # fmt: skip
HELD = {
    "memory": str(LIMITS.memory_mb * MIB), "swap": str(LIMITS.memory_mb * MIB), "pids": str(LIMITS.pids), "cpu": "100000",
    "cpu-period": "100000", "cgroup-version": "1", "Seccomp": "2", "NoNewPrivs": "1", "CapInh": "0000", "CapPrm": "0000",
    "CapEff": "0000", "CapBnd": "0000", "CapAmb": "0000", "uid": "10001", "/ flags": "ro", "/workspace flags": "ro",
    f"{TMP} size": str(LIMITS.tmp_mb * MIB), f"{TMP} files": str(LIMITS.tmp_mb * 256), f"{TMP} flags": "noexec nosuid nodev",
    f"{SHM} size": str(64 * MIB), "nofile": str(LIMITS.nofile), "fsize": str(LIMITS.tmp_mb * MIB), "core": "1",
    "interfaces": "lo", "cgroup": "/", "oom_score_adj": "500",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("MemoryLimit", False, "memory limit"),
        ("SwapLimit", False, "swap limit"),
        ("PidsLimit", None, "process limit"),
        ("CpuCfsQuota", False, "CPU limit"),
        ("SecurityOptions", ["name=apparmor"], "seccomp"),
        ("OSType", "windows", "Linux containers"),
    ],
)
def test_what_the_engine_says_it_cannot_hold_is_named(field: str, value: object, limit: str) -> None:
    assert verify.lacking(INFO) == []
    assert verify.lacking({**INFO, field: value}) == [limit]


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("memory", "9223372036854771712", "memory limit"),
        ("swap", "9223372036854771712", "swap limit"),
        ("pids", "max", "process limit"),
        ("cpu", "-1", "CPU limit"),
        ("Seccomp", "0", "seccomp"),
        ("NoNewPrivs", "0", "no new privileges"),
        ("CapBnd", "a80425fb", "no capabilities"),
        ("uid", "0", "user"),
        ("/ flags", "", "read-only root"),
        ("/workspace flags", "", "read-only workspace"),
        (f"{TMP} size", "270553174016", "size of /tmp"),
        (f"{TMP} files", "3085512", "number of files in /tmp"),
        (f"{TMP} flags", "nosuid nodev", "no programs in /tmp"),
        (f"{SHM} size", "270553174016", "size of /dev/shm"),
        ("nofile", "1048576", "open files"),
        ("fsize", "-1", "size of a file"),
        ("core", "-1", "core dumps"),
        ("interfaces", "lo eth0", "no network"),
        ("cgroup", "/docker/7c4ac9", "own control groups"),
        ("oom_score_adj", "0", "first to go without memory"),
    ],
)
def test_what_does_not_hold_inside_is_named(field: str, value: str, limit: str) -> None:
    assert verify.ineffective(HELD, LIMITS, processors=2) == []
    assert verify.ineffective({**HELD, field: value}, LIMITS, processors=2) == [limit]
    missing = {name: text for name, text in HELD.items() if name != field}
    assert verify.ineffective(missing, LIMITS, processors=2) == [limit]


def test_control_groups_2_are_read_in_their_own_way() -> None:
    second = {**HELD, "cgroup-version": "2", "swap": "0", "cpu": "50000 100000", "cpu-period": "50000 100000"}
    half = LIMITS.model_copy(update={"cpus": 0.5})
    assert verify.ineffective(second, half, processors=2) == []
    assert verify.ineffective({**second, "swap": "max", "cpu": "max 100000"}, half, processors=2) == [
        "swap limit",
        "CPU limit",
    ]


@pytest.mark.engine
def test_this_engine_holds_all_of_it_and_is_asked_once(engine: DockerClient, agent_image: str, tmp_path: Path) -> None:
    verify.verify(engine, agent_image, tmp_path)
    (mark,) = (tmp_path / "engines").iterdir()
    written = mark.stat().st_mtime_ns
    verify.verify(engine, agent_image, tmp_path)
    assert mark.stat().st_mtime_ns == written
    mark.write_text('{"checked": 0}')  # long ago
    verify.verify(engine, agent_image, tmp_path)
    assert mark.stat().st_mtime_ns != written


@pytest.mark.engine
@pytest.mark.parametrize(
    "case",
    [
        ({"security_opt": ["no-new-privileges:true", "seccomp=unconfined"]}, "seccomp"),
        ({"memswap_limit": "512m"}, "swap limit"),
        ({"ulimits": []}, "open files, size of a file, core dumps"),
        ({"cgroupns": "host"}, "own control groups"),
    ],
)
def test_a_limit_that_an_engine_leaves_out_stops_every_run(
    engine: DockerClient, agent_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[dict[str, Any], str]
) -> None:
    change, limit = case
    real = sandbox.hardening

    def without(limits: Limits, isolation: Isolation = Isolation.ANY) -> sandbox.Hardening:
        return {**real(limits, isolation), **change}  # type: ignore[typeddict-item]  # what such an engine makes of it

    monkeypatch.setattr(sandbox, "hardening", without)
    with pytest.raises(UnavailableError, match=f"does not hold these limits of the sandbox: {limit}"):
        verify.verify(engine, agent_image, tmp_path)
    assert not (tmp_path / "engines").exists()
