"""Commands that need no Prefect server: agent, images, doctor."""

from __future__ import annotations

import json
import logging
from typing import Annotated

import typer

from flows.settings import RuntimeName
from ui.cli.errors import Exit, spoken
from ui.cli.options import Ref, Repository, configuration, json_object


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (agent, images, doctor):
        app.command()(command)


def agent(
    name: Annotated[str, typer.Argument(help="Name of the agent; `dockyard agents` lists them.")],
    repository: Repository = ".",
    ref: Ref = "HEAD",
    params: Annotated[str, typer.Option("--params", help="The agent's params as a JSON object.")] = "{}",
    runtime: Annotated[RuntimeName, typer.Option("--runtime", help="What executes it.")] = RuntimeName.AUTO,
) -> None:
    """Run one agent over a repository and print its result as JSON, nothing else, on stdout."""
    from flows.service import run_agent

    with spoken():
        result = run_agent(
            name,
            repository,
            ref=ref,
            params=json_object(params, "--params"),
            runtime=runtime if runtime is not RuntimeName.AUTO else configuration().runtime,
            settings=configuration(),
            log=lambda level, line: typer.echo(f"{logging.getLevelName(level)} {line}", err=True),
        )
        typer.echo(result.model_dump_json(indent=2))
        if result.failure is not None:
            typer.echo(f"dockyard: {result.failure.message}", err=True)
            raise typer.Exit(Exit.INVALID if result.failure.code == "invalid-request" else Exit.FAILED)


def images(
    if_engine: Annotated[bool, typer.Option("--if-engine", help="Do nothing where no Docker engine answers.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Then remove all other agent images that nothing uses.")] = False,
) -> None:
    """Build the agent image that belongs to this version, unless the engine already holds it."""
    from flows.service import build_image, engine_answers, prune_images

    with spoken():
        if if_engine and not engine_answers(configuration()):
            typer.echo("No Docker engine answers; runs will use the local runtime.", err=True)
            return
        typer.echo(build_image(configuration(), lambda text: typer.echo(text, err=True)))
        if prune:
            removed, in_use = prune_images(configuration())
            for name in removed:
                typer.echo(f"Removed {name}", err=True)
            for name in in_use:
                typer.echo(f"Kept {name}: a container uses it", err=True)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Say what is there, what is missing and how to get it. Exits 1 when a needed part is missing."""
    from flows.service import examine

    with spoken():
        checks = list(examine(configuration()))
    if as_json:
        typer.echo(json.dumps([check.model_dump() for check in checks], indent=2))
    else:
        for check in checks:
            mark = "ok     " if check.ok else ("MISSING" if check.needed else "absent ")
            typer.echo(f"{mark}  {check.part}: {check.found}")
            if not check.ok and check.remedy:
                typer.echo(f"         → {check.remedy}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(Exit.FAILED)
