"""Commands about workflow files, which need no Prefect server: lint, plan, node."""

from __future__ import annotations

import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from flows.errors import InvalidInputError
from flows.service import LintFormat, PlanFormat
from flows.settings import RuntimeName
from ui.cli.errors import Exit, spoken
from ui.cli.options import Ref, Repository, check_target, configuration, params, write


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (lint, plan, node):
        app.command()(command)


def lint(
    files: Annotated[
        list[str], typer.Argument(help="Workflow files, folders of them (every *.yaml and *.yml below), or - for stdin.")
    ],
    format: Annotated[  # noqa: A002 — the word users know it by
        LintFormat, typer.Option("--format", "-f", help="How problems are printed; SARIF for code hosts.")
    ] = LintFormat.TEXT,
) -> None:
    """Check workflow files; every problem is printed as file:line:column with a code. Exits 0 or 2.

    A file that cannot be read is told and does not stop the others.
    """
    from flows.service import lint_files, render_lint

    with spoken():
        given = sys.stdin.buffer.read().decode("utf-8", "replace") if "-" in files else None
        linted = lint_files(files, configuration(), stdin=given)
    typer.echo(render_lint(linted, format, version=version("dockyard")), nl=False)
    for problem in linted.unread:
        typer.echo(f"dockyard: {problem.file}: {problem.message}", err=True)
    count, read = len(linted.problems), linted.files
    if count:
        typer.echo(f"dockyard: {count} problem{'s' if count > 1 else ''} found", err=True)
    if not linted.sound:
        raise typer.Exit(Exit.INVALID)
    if format is LintFormat.TEXT:
        typer.echo(f"{read} file{'s' if read > 1 else ''} checked, no problems")


def plan(
    workflow: Annotated[str, typer.Argument(help="Name of a shipped workflow, or a workflow file.")],
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="key=value for one of the workflow's params.")
    ] = None,
    format: Annotated[  # noqa: A002 — the word users know it by
        PlanFormat, typer.Option("--format", "-f", help="As text or JSON, or as a picture.")
    ] = PlanFormat.TEXT,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead of stdout.")] = None,
) -> None:
    """Show what a run would do, in which order, and what would wait for whom. Nothing is run.

    Example: dockyard plan health-check --format svg --output plan.svg
    """
    from flows.service import plan_workflow, render_plan

    with spoken():
        if output is not None:
            check_target(output, "--output")
        rendered = render_plan(plan_workflow(workflow, params(param or []), configuration()), format)
        if output is None:
            typer.echo(rendered, nl=False)
        else:
            write(output, rendered, "--output")
            typer.echo(f"Plan written to {output}", err=True)


def node(  # noqa: PLR0917 — each is an option
    workflow: Annotated[str, typer.Argument(help="Name of a shipped workflow, or a workflow file.")],
    node_id: Annotated[str, typer.Argument(metavar="NODE", help="The node's id.")],
    fixture: Annotated[
        str | None, typer.Option("--with", help="JSON file of what the nodes before it gave; - for stdin.")
    ] = None,
    print_fixture: Annotated[
        bool, typer.Option("--print-fixture", help="Print a fixture to begin with, and run nothing.")
    ] = False,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="key=value for one of the workflow's params.")
    ] = None,
    repository: Repository = ".",
    ref: Ref = "HEAD",
    runtime: Annotated[RuntimeName, typer.Option("--runtime", help="What executes it.")] = RuntimeName.AUTO,
) -> None:
    """Run one node of a workflow alone and print its result as JSON, nothing else, on stdout.

    A fan-out prints a list, a node that would be skipped prints null.

    Example: dockyard node health-check notify --with fixture.json
    """
    from flows.service import NodeRequest, run_node, sketch_node

    with spoken():
        if print_fixture:
            typer.echo(json.dumps(sketch_node(workflow, node_id, configuration()), indent=2, ensure_ascii=False))
            return
        request = NodeRequest(
            workflow=workflow,
            node=node_id,
            repository=repository,
            ref=ref,
            typed=params(param or []),
            fixture="{}" if fixture is None else _given(fixture),
            runtime=runtime if runtime is not RuntimeName.AUTO else configuration().runtime,
        )
        done = run_node(
            request, configuration(), log=lambda level, line: typer.echo(f"{logging.getLevelName(level)} {line}", err=True)
        )
    if done.skipped is not None:
        typer.echo("null")
        typer.echo(f"dockyard: a run would skip '{node_id}': {done.skipped}", err=True)
        return
    printed = [result.model_dump(mode="json") for result in done.results]
    typer.echo(json.dumps(printed if done.fan_out else printed[0], indent=2, ensure_ascii=False))
    for failure in [result.failure for result in done.results if result.failure is not None]:
        typer.echo(f"dockyard: {failure.message}", err=True)
        raise typer.Exit(Exit.INVALID if failure.code == "invalid-request" else Exit.FAILED)


def _given(file: str) -> str:
    """The text of the fixture. Raises InvalidInputError."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"--with: {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"--with: {file} is not UTF-8 text") from error
