"""Commands about runs: run, runs, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.contract.schema import Severity
from flows.service import Format
from ui.cli.errors import Exit, spoken
from ui.cli.options import Ref, Repository, Runtime, check_target, configuration, params, write

if TYPE_CHECKING:
    from flows.service import RunHandle, Runs


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (run, runs, report):
        app.command()(command)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _runs(*, start: bool) -> Runs:
    from flows.service import LocalServices, Runs

    LocalServices(configuration()).use(_say, start=start)
    return Runs(configuration())


def run(  # noqa: PLR0917 — each is an option
    workflow: Annotated[str, typer.Argument(help="Name of a shipped workflow, or a workflow file.")],
    repository: Repository = ".",
    ref: Ref = "HEAD",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="key=value for one of the workflow's params.")
    ] = None,
    runtime: Runtime = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and the summary; exit by the result.")] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the whole report as JSON to this file (implies --wait)."),
    ] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option("--fail-on", help="Exit 3 when there are findings this bad or worse (implies --wait)."),
    ] = None,
) -> None:
    """Run a workflow over a repository.

    Example: dockyard run health-check --repository https://github.com/pallets/flask.git --wait
    """
    with spoken():
        _refuse_early(workflow, json_file)
        from flows.service import StartRequest

        request = StartRequest(
            workflow=workflow, repository=repository, ref=ref, params=params(param or []), runtime=runtime
        )
        known = _runs(start=True)
        handle = known.start(request)
        if not (wait or json_file or fail_on):
            typer.echo(str(handle.id))
            _say(f"Started {handle.name}. `dockyard report {handle.name}` shows its report when it has ended.")
            return
        code = _attend(known, handle, json_file, fail_on)
    raise typer.Exit(code)


def _refuse_early(workflow: str, json_file: Path | None) -> None:
    """What is wrong with the command itself is said before a server is started for it."""
    from flows.service import check_named

    check_named(workflow, configuration())
    if json_file is not None:
        check_target(json_file, "--json")


def _attend(known: Runs, handle: RunHandle, json_file: Path | None, fail_on: Severity | None) -> Exit:
    from rich.console import Console

    from flows.errors import InvalidInputError
    from flows.service import RunState, render, summary
    from ui.cli.progress import follow

    try:
        ended = follow(known, handle)
    except KeyboardInterrupt:
        _say(f"Cancelling {handle.name} …")
        known.cancel(handle.id)
        return Exit.INTERRUPTED
    if ended.state is RunState.WAITING:
        _say(f"{ended.name} waits for people: {ended.message}")
        return Exit.WAITING
    try:
        found = known.report(handle.id)
    except InvalidInputError:
        _say(f"dockyard: {ended.name} {ended.state.value}: {ended.message}")
        return Exit.FAILED
    Console().print(summary(found))
    if json_file is not None:
        write(json_file, render(found, Format.JSON), "--json")
        _say(f"Report written to {json_file}")
    if ended.state is not RunState.COMPLETED:
        return Exit.FAILED
    if fail_on is not None and found.at_or_above(fail_on):
        _say(f"dockyard: {found.at_or_above(fail_on)} findings at or above {fail_on.value}")
        return Exit.FINDINGS
    return Exit.OK


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many.")] = 20,
) -> None:
    """List the newest runs."""
    from rich.console import Console
    from rich.table import Table

    with spoken():
        known = _runs(start=False).list(limit)
    table = Table("Run", "Workflow", "Repository", "State", "Started (UTC)", "Seconds", box=None, pad_edge=False)
    for handle in known:
        started = f"{handle.created:%Y-%m-%d %H:%M:%S}" if handle.created else ""
        state = handle.state.value
        table.add_row(handle.name, handle.workflow, handle.repository, state, started, f"{handle.seconds:.1f}")
    Console().print(table)


def report(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, or `latest`.")] = "latest",
    format: Annotated[Format, typer.Option("--format", "-f", help="Format of the report.")] = Format.TEXT,  # noqa: A002
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead of stdout.")] = None,
) -> None:
    """Print a finished run's whole report."""
    with spoken():
        from flows.service import render

        if output is not None:
            check_target(output, "--output")
        known = _runs(start=False)
        rendered = render(known.report(known.find(run)), format)
        if output is None:
            typer.echo(rendered)
            return
        write(output, rendered, "--output")
        _say(f"Report written to {output}")
