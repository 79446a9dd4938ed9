"""The program that limits itself and becomes another."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from flows.runtime import limited

SHOW = (
    "import os, resource, sys\n"
    "print(os.getpid(), resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_DATA), sys.argv[1:])"
)


def test_limits_are_set_and_the_process_stays_the_same() -> None:
    limits = {"NOFILE": 64, "DATA": 256 * 1024 * 1024}
    child = subprocess.Popen(
        limited.command(limits, [sys.executable, "-c", SHOW, "a b", "--x"]), stdout=subprocess.PIPE, text=True
    )
    told = child.communicate(timeout=60)[0].strip()
    assert told == f"{child.pid} (64, 64) (268435456, 268435456) ['a b', '--x']"


def test_a_limit_above_what_is_allowed_is_what_is_allowed() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine allows any number of files")
    command = limited.command({"NOFILE": hard + 1}, [sys.executable, "-c", SHOW])
    assert f"({hard}, {hard})" in subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_command_that_is_not_there_fails() -> None:
    done = subprocess.run(limited.command({}, ["/nowhere/x"]), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "No such file" in done.stderr
