"""Every limit of a container stands as docs and design say."""

from __future__ import annotations

import os

import pytest

from agents.catalog import catalog
from agents.contract.manifest import Isolation, Limits
from flows.runtime import sandbox
from flows.runtime.sandbox import hardening
from flows.settings import ROOT

MIB = 1024 * 1024
LIMITS = Limits(memory_mb=512, cpus=0.5, pids=64, nofile=256, tmp_mb=32)


def test_it_has_no_network_no_privileges_and_writes_nowhere_but_tmp() -> None:
    settings = hardening(LIMITS)
    assert settings["network_mode"] == "none"
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in settings["security_opt"]
    assert not any("unconfined" in option for option in settings["security_opt"])
    assert settings["ipc_mode"] == "private"
    ((place, options),) = settings["tmpfs"].items()
    assert place == "/tmp"  # noqa: S108 — the container's own
    assert set(options.split(",")) >= {"noexec", "nosuid", "nodev", "size=32m", "nr_inodes=8192"}
    assert settings["cgroupns"] == "private"
    assert "privileged" not in settings


def test_it_runs_as_nobody_special() -> None:
    user, group = sandbox.USER.split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_memory_has_no_swap_on_top() -> None:
    settings = hardening(LIMITS)
    assert settings["mem_limit"] == settings["memswap_limit"] == "512m"


def test_processes_files_and_cpus_are_limited() -> None:
    settings = hardening(LIMITS)
    assert settings["pids_limit"] == 64
    assert settings["nano_cpus"] == 500_000_000
    limits = {limit.name: (limit.soft, limit.hard) for limit in settings["ulimits"]}
    assert limits == {"nofile": (256, 256), "core": (1, 1), "fsize": (32 * MIB, 32 * MIB)}
    assert settings["init"] is True


def test_no_more_cpus_are_asked_for_than_there_are() -> None:
    assert hardening(Limits(cpus=1000))["nano_cpus"] == (os.cpu_count() or 1) * 1_000_000_000


def test_the_engine_stores_no_output() -> None:
    assert hardening(LIMITS)["log_config"]["Type"] == "none"


@pytest.mark.parametrize("name", sorted(catalog()))
def test_every_agents_limits_are_real_limits(name: str) -> None:
    limits = catalog()[name].limits
    settings = hardening(limits)
    assert settings["pids_limit"] > 0
    assert settings["nano_cpus"] > 0
    assert 0 < limits.memory_mb <= 16_384
    assert 0 < limits.timeout_seconds <= 3600
    assert 0 < limits.result_mb <= 512


def test_gvisor_is_used_for_whom_asks_for_it_alone() -> None:
    assert hardening(LIMITS)["runtime"] is None
    assert hardening(LIMITS, Isolation.CONTAINER)["runtime"] is None
    strict = hardening(LIMITS, Isolation.GVISOR)
    assert strict["runtime"] == "runsc"
    assert strict["pids_limit"] == 64 + sandbox.GVISOR_THREADS  # its own kernel's threads count, too


@pytest.mark.parametrize(
    ("kept", "named"),
    [
        ({}, ["Memory", "Ulimits"]),
        ({"Memory": 1, "Ulimits": [{"Soft": 1, "Name": "core"}, {"Name": "nofile"}]}, []),
        ({"Memory": 2, "Ulimits": [{"Name": "nofile"}, {"Name": "core", "Soft": 1}]}, ["Memory"]),
        ({"Memory": 1, "Ulimits": [{"Name": "nofile"}]}, ["Ulimits"]),
    ],
)
def test_settings_that_an_engine_leaves_out_or_changes_are_named(kept: dict[str, object], named: list[str]) -> None:
    wanted = {"Memory": 1, "Ulimits": [{"Name": "nofile"}, {"Name": "core", "Soft": 1}], "Runtime": None, "Binds": []}
    assert sandbox.ignored(wanted, kept) == named


def test_the_page_tells_every_setting() -> None:
    page = (ROOT / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")
    rows = page.partition("## Limits")[2].partition("## System calls")[0]
    told = {line.split("`")[1] for line in rows.splitlines() if line.startswith("| `")}
    ours = {*sandbox.Hardening.__annotations__, "user", "MaskedPaths", "ReadonlyPaths"}
    assert told == ours
    assert {path for path in sandbox.READONLY_PATHS if f"`{path}`" not in rows} == set()
    assert f"and {len(sandbox.MASKED_PATHS) - 11} more" in rows
