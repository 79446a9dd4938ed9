"""A real agent for tests of runtimes: it does what its params say. Run as `python -m tests.flows.runtime.acting`."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import socket
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from agents.contract.errors import AgentError
from agents.contract.interface import Agent, Context
from agents.contract.manifest import Limits, Manifest
from agents.contract.runner import main
from agents.contract.schema import Params, Report


class Act(StrEnum):
    """What to do."""

    LOOK = "look"
    LOG = "log"
    FAIL = "fail"
    CRASH = "crash"
    DIE = "die"
    HANG = "hang"
    BREED = "breed"
    LEAVE_A_CHILD = "leave-a-child"
    FLOOD = "flood"
    PRINT = "print"
    REACH_OUT = "reach-out"
    WRITE = "write"
    GROW = "grow"


class ActingParams(Params):
    """`text` is what to print, where to write, or which port to reach."""

    act: Act
    text: str = ""


class ActingReport(Report):
    """What was seen: the environment, the workspace's files, and one line about the act."""

    environment: dict[str, str] = Field(default_factory=dict)
    files: tuple[str, ...] = ()
    said: str = ""


class ActingManifest(Manifest):
    """A manifest whose module lies beside the tests."""

    @property
    def module(self) -> str:
        return "tests.flows.runtime.acting"


MANIFEST = ActingManifest(
    name="acting",
    version="1.2.3",
    description="Does what its params say.",
    params=ActingParams,
    report=ActingReport,
    limits=Limits(result_mb=2, tmp_mb=8, nofile=128),
)


def hold(workspace: Path) -> None:
    """Hold a lock that only dies with the last process that has it, and start one that has it, too."""
    lock = (workspace / "lock").open("rb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    subprocess.Popen(["sleep", "infinity"], pass_fds=[lock.fileno()], stdin=subprocess.DEVNULL)


def attempt(params: ActingParams) -> str:
    """Try what a sealed agent must not be able to do; `done`, or the error's name."""
    try:
        if params.act is Act.WRITE:
            Path(params.text).write_text("was here", encoding="utf-8")
        else:
            socket.create_connection(("127.0.0.1", int(params.text)), timeout=5).close()
    except OSError as error:
        return type(error).__name__
    return "done"


class Acting(Agent[ActingParams, ActingReport]):
    """Acts."""

    manifest = MANIFEST

    def run(self, params: ActingParams, context: Context) -> ActingReport:
        said = ""
        match params.act:
            case Act.LOG:
                context.log.info("seen: %s", params.text)
                context.log.warning("careful")
            case Act.FAIL:
                raise AgentError(params.text)
            case Act.CRASH:
                raise ZeroDivisionError(params.text)
            case Act.DIE:
                sys.stderr.write("my last words\n")
                sys.stderr.flush()
                os._exit(7)
            case Act.HANG:
                signal.pause()
            case Act.BREED:
                hold(context.workspace.root)
                context.log.info("holding")
                signal.pause()
            case Act.LEAVE_A_CHILD:
                hold(context.workspace.root)
            case Act.FLOOD:
                said = "x" * int(params.text)
            case Act.GROW:
                said = str(len(bytearray(int(params.text))))
            case Act.REACH_OUT | Act.WRITE:
                said = attempt(params)
        return ActingReport(environment=dict(os.environ), files=tuple(context.workspace.files()), said=said)


if __name__ == "__main__":
    stdin = sys.stdin.buffer
    line = stdin.peek() if isinstance(stdin, io.BufferedReader) else b""
    if b'"print"' in line:  # past the runner, which would let nothing but a result through
        print(json.loads(line)["params"]["text"])
        sys.exit(0)
    sys.exit(main(Acting()))
