"""`dockyard probe` on a real engine: nothing gets out, and a weaker sandbox is told as one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker import DockerClient

from agents.contract.manifest import Isolation, Limits
from agents.probes.registry import PROBES, by_name
from flows.runtime import sandbox
from flows.runtime.bait import Bait
from flows.runtime.docker import DockerRuntime
from flows.runtime.seal import seal
from flows.runtime.suite import Trial, run_suite
from flows.settings import ROOT
from tests.conftest import missing

pytestmark = pytest.mark.engine

DOCKYARD = str(Path(sys.executable).with_name("dockyard"))
MIB = 1024 * 1024
Weaken = Callable[[dict[str, Any]], None]


def dockyard(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(state), "DOCKYARD_STATE_DIR": str(state)}
    return subprocess.run(
        [DOCKYARD, "probe", *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_nothing_gets_out_of_a_container(engine: DockerClient, agent_image: str, tmp_path: Path) -> None:
    done = dockyard(tmp_path, "--runtime", "docker")
    *lines, total = done.stdout.splitlines()
    assert [line for line in lines if "NOT CONTAINED" in line] == [], done.stdout
    assert total == f"{len(PROBES)} of {len(PROBES)} contained by the docker runtime"
    assert [line.split()[1] for line in lines if line.startswith("contained")] == [probe.name for probe in PROBES]
    assert done.returncode == 0
    assert [c.name for c in engine.containers.list(all=True, filters={"label": "dockyard.node=shared"})] == []


def test_probes_are_chosen_by_name_and_told_as_json(agent_image: str, tmp_path: Path) -> None:
    done = dockyard(tmp_path, "--json", "bpf", "network-internet")
    told = json.loads(done.stdout)
    assert (told["runtime"], told["contained"]) == ("docker", 2)
    assert [trial["probe"] for trial in told["trials"]] == ["network-internet", "bpf"]
    assert all(trial["contained"] and trial["outcome"] for trial in told["trials"])
    assert done.returncode == 0


def test_a_probe_that_there_is_not_is_told_with_the_nearest(tmp_path: Path) -> None:
    done = dockyard(tmp_path, "fork-bombe")
    assert done.returncode == 2
    assert "there is no probe 'fork-bombe'" in done.stderr
    assert "fork-bomb" in done.stderr.removeprefix("dockyard: there is no probe 'fork-bombe'")


@pytest.fixture
def weakened(
    engine: DockerClient, agent_image: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Trial]]]:
    """Runs probes in a sandbox whose settings a function has changed first; trials by name."""
    real = sandbox.hardening

    def run(weaken: Weaken, *names: str) -> dict[str, Trial]:
        def hardening(limits: Limits, isolation: Isolation = Isolation.ANY) -> sandbox.Hardening:
            settings: dict[str, Any] = {**real(limits, isolation)}
            weaken(settings)
            return settings  # type: ignore[return-value]  # the same keys, as the engine takes them

        monkeypatch.setattr(sandbox, "hardening", hardening)
        gateways = [
            str(config["Gateway"])
            for network in engine.networks.list(names=["bridge"])
            for config in network.attrs["IPAM"]["Config"]
            if "Gateway" in config
        ]
        with DockerRuntime(engine, agent_image, str(uuid4()), 64 * MIB) as runtime, Bait(tuple(gateways)) as bait:
            trials = run_suite(runtime, bait, probes=[by_name()[name] for name in names])
        return {trial.probe: trial for trial in trials}

    yield run
    monkeypatch.undo()


def escaped(trials: dict[str, Trial]) -> set[str]:
    return {name for name, trial in trials.items() if not trial.contained}


def test_without_our_filter_the_calls_that_the_engines_lets_through_are_told(
    weakened: Callable[..., dict[str, Trial]],
) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings["security_opt"] = ["no-new-privileges:true"]

    wanted = {"ptrace", "io-uring", "memfd-exec", "shared-ipc", "socket-families", "32-bit-calls"}
    assert escaped(weakened(weaken, *wanted, "bpf", "mount")) == wanted


def test_without_any_filter_nearly_every_call_is_told(weakened: Callable[..., dict[str, Trial]]) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings["security_opt"] = ["no-new-privileges:true", "seccomp=unconfined"]

    wanted = {"ptrace", "io-uring", "memfd-exec", "namespaces", "keyring", "personality", "privileges"}
    assert escaped(weakened(weaken, *wanted)) == wanted


def test_a_network_is_told_by_its_route_alone(weakened: Callable[..., dict[str, Trial]]) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings["network_mode"] = "bridge"

    names = {"network-bridge", "network-internet", "network-metadata", "network-dns"}
    trials = weakened(weaken, *names, "network-loopback")
    assert escaped(trials) == names
    assert "there is a network interface eth0" in trials["network-bridge"].outcome


def test_the_hubs_own_network_is_told_by_the_hub(weakened: Callable[..., dict[str, Trial]]) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings["network_mode"] = "host"

    trials = weakened(weaken, "network-loopback")
    assert escaped(trials) == {"network-loopback"}
    assert "was connected to" in trials["network-loopback"].outcome  # the hub's own words, not the probe's


def test_root_with_capabilities_and_a_writable_root_is_told(
    weakened: Callable[..., dict[str, Trial]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings.update(cap_drop=[], read_only=False, security_opt=["seccomp=unconfined"])

    monkeypatch.setattr(sandbox, "USER", "0:0")
    names = {"privileges", "write-root", "devices", "setuid"}
    assert escaped(weakened(weaken, *names)) == names


def test_limits_that_are_missing_are_told(weakened: Callable[..., dict[str, Trial]]) -> None:
    def weaken(settings: dict[str, Any]) -> None:
        settings.update(pids_limit=4096, mem_limit="2g", memswap_limit="2g", nano_cpus=0, ulimits=[], cgroupns="host")
        settings["tmpfs"] = {"/tmp": "rw,size=1g,mode=1777,exec"}  # noqa: S108 — the container's own

    names = {
        "fork-bomb", "thread-bomb", "memory-bomb", "open-files", "oversized-tmp", "full-tmp", "many-files", "sparse-file",
        "zip-bomb", "memfd-exec", "release-agent",
    }  # fmt: skip
    assert escaped(weakened(weaken, *names)) == names


def test_the_local_runtime_tells_what_it_does_not_contain(tmp_path: Path) -> None:
    if seal() is None:
        missing("bubblewrap that works")
    done = dockyard(
        tmp_path, "--runtime", "local", "--json", "host-files", "fork-bomb", "answers-twice", "hostile-output-files"
    )
    told = {trial["probe"]: trial["contained"] for trial in json.loads(done.stdout)["trials"]}
    assert told == {"host-files": True, "fork-bomb": False, "answers-twice": True, "hostile-output-files": True}
    assert done.returncode == 1
    assert "not a security boundary" in json.loads(done.stdout)["notice"]


def test_the_local_runtime_without_bubblewrap_contains_next_to_nothing(tmp_path: Path) -> None:
    names = ("host-files", "network-loopback", "other-processes", "deep-json")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "DOCKYARD_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli.main", "probe", "--runtime", "local", "--json", *names],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    told = {trial["probe"]: trial["contained"] for trial in json.loads(done.stdout)["trials"]}
    assert told == {"host-files": False, "network-loopback": False, "other-processes": False, "deep-json": True}
    assert done.returncode == 1
