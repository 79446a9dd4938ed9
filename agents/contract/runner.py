"""The only thing that prints: one JSON request on stdin, one JSON result on stdout, logs on stderr."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.contract.errors import AgentError, InvalidRequestError
from agents.contract.interface import Agent, Context, P, R
from agents.contract.manifest import Manifest
from agents.contract.schema import CONTRACT_VERSION, Failure, Request, Result
from agents.contract.workspace import Workspace

log = logging.getLogger("agent")


def describe(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON: the schemas of params and report written out."""
    described = manifest.model_dump(mode="json", exclude={"params", "report"})
    described["params"] = manifest.params.model_json_schema()
    described["report"] = manifest.report.model_json_schema()
    return described


def main(agent: Agent[P, R]) -> int:
    """Serve one request. Returns 0 when a report was printed, 1 when a failure was."""
    manifest = agent.manifest
    parser = argparse.ArgumentParser(prog=f"python -m {manifest.module}", description=manifest.description)
    parser.add_argument("--manifest", action="store_true", help="print the manifest as JSON and stop")
    arguments = parser.parse_args()
    # A library that prints must not be able to spoil the result: from here on, fd 1 is stderr.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    with answer:
        if arguments.manifest:
            json.dump(describe(manifest), answer)
            answer.write("\n")
            return 0
        result = serve(agent, sys.stdin.buffer.readline())
        answer.write(result.model_dump_json() + "\n")
    return 0 if result.failure is None else 1


def serve(agent: Agent[P, R], line: bytes) -> Result:
    """Answer one request line. An agent's own failure, or a bug in it, becomes a Failure; nothing escapes."""
    manifest = agent.manifest
    try:
        report = _run(agent, line)
        return Result(agent=manifest.name, version=manifest.version, report=report.model_dump(mode="json"))
    except AgentError as error:
        failure = Failure(code=error.code, message=str(error))
    except (Exception, SystemExit) as error:
        # Recorded, not swallowed: the hub shows it as the node's reason. SystemExit: a library that gives up.
        log.exception("the agent crashed")
        failure = Failure(code="crash", message=f"{type(error).__name__}: {error}")
    return Result(agent=manifest.name, version=manifest.version, failure=failure)


def _run(agent: Agent[P, R], line: bytes) -> R:
    manifest = agent.manifest
    try:
        _spoken_here(_Spoken.model_validate_json(line).contract)
        request = Request.model_validate_json(line)
        # The catalog pairs each agent with its own schema; the generic cannot say so to the checker.
        params: P = manifest.params.model_validate_json(json.dumps(request.params))  # type: ignore[assignment]
    except ValidationError as error:
        raise InvalidRequestError(readable(error)) from error
    if request.agent != manifest.name:
        raise InvalidRequestError(f"this is {manifest.name}, the request is for {request.agent}")
    workspace = Workspace(Path(request.workspace))
    context = Context(workspace=workspace, run=request.run, log=log, changes=request.changes)
    return agent.run(params, context)


class _Spoken(BaseModel):
    """Which contract a request is of; read first, because the fields of another version may be other ones."""

    contract: int = CONTRACT_VERSION


def _spoken_here(contract: int) -> None:
    if contract != CONTRACT_VERSION:
        raise InvalidRequestError(
            f"the request is of contract {contract}, this agent speaks contract {CONTRACT_VERSION}; "
            "hub and agent image belong to different versions of Dockyard: build the image again with `make images`"
        )


def readable(error: ValidationError) -> str:
    """A validation error as one line: `field: reason; field: reason`."""
    return "; ".join(f"{'.'.join(str(part) for part in item['loc']) or 'request'}: {item['msg']}" for item in error.errors())
