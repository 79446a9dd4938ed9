"""Commands about runs: run, runs, cancel, retry, logs, report."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.contract.schema import Severity
from flows.service import Format
from ui.cli.errors import Exit, spoken
from ui.cli.options import (
    Ref,
    Repository,
    Runtime,
    Workspace,
    check_target,
    configuration,
    params,
    tenant,
    wide_console,
    write,
)

if TYPE_CHECKING:
    from flows.service import RunHandle, Runs
    from flows.service.reports import Index


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (run, runs, cancel, retry, logs, report):
        app.command()(command)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _runs(workspace: str | None = None) -> Runs:
    from flows.service import LocalServices

    LocalServices(configuration()).use(_say, start=False)
    return _known(workspace)


def _known(workspace: str | None) -> Runs:
    from flows.service import Caller, Runs, Via
    from flows.settings import local_person

    return Runs(configuration(), Caller(name=local_person(), via=Via.CLI, workspace=tenant(workspace)))


def run(  # noqa: PLR0917 — each is an option
    workflow: Annotated[str, typer.Argument(help="Name of a shipped workflow, or a workflow file.")],
    repository: Repository = ".",
    ref: Ref = "HEAD",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="key=value for one of the workflow's params.")
    ] = None,
    runtime: Runtime = None,
    workspace: Workspace = None,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            help="Show progress and the summary, ask what you may decide, exit by the result. "
            "[default: at a terminal where runs go to this machine's own server]",
        ),
    ] = None,
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
        from flows.service import LocalServices, StartRequest, check_engine, check_request
        from ui.cli.deciding import at_a_terminal

        if json_file is not None:
            check_target(json_file, "--json")
        request = StartRequest(workflow=workflow, repository=repository, ref=ref, typed=params(param or []), runtime=runtime)
        check_request(request, configuration(), tenant(workspace))  # before a server is started for it
        services = LocalServices(configuration())
        services.use(_say)
        if services.used:
            check_engine(request, configuration())
        known = _known(workspace)
        handle = known.start(request)
        if wait is None:  # who sits at the machine that runs it would be told nothing else
            wait = services.used and at_a_terminal()
        if not (wait or json_file or fail_on):
            typer.echo(str(handle.id))
            _say(f"Started {handle.name}. `dockyard report {handle.name}` shows its report when it has ended.")
            return
        code = _attend(known, handle, json_file, fail_on)
    raise typer.Exit(code)


def _attend(known: Runs, handle: RunHandle, json_file: Path | None, fail_on: Severity | None) -> Exit:
    from flows.errors import InvalidInputError
    from flows.service import RunState, show_summary
    from flows.service.reports import Reports

    try:
        ended = _follow(known, handle)
    except KeyboardInterrupt:
        _say(f"Cancelling {handle.name} …")
        with suppress(InvalidInputError):  # it ended while it was being interrupted
            known.cancel(handle.id)
        return Exit.INTERRUPTED
    if ended.state is RunState.WAITING:
        return Exit.WAITING
    reports = Reports(configuration(), known)
    try:
        found = reports.read(handle.id)
    except InvalidInputError:
        return _without_report(ended)
    show_summary(found, wide_console())
    if json_file is not None:
        write(json_file, reports.render(handle.id, Format.JSON), "--json")
        _say(f"Report written to {json_file}")
    return _exit(ended, found, fail_on)


def _exit(ended: RunHandle, found: Index, fail_on: Severity | None) -> Exit:
    from flows.service import RunState

    if ended_so := _by_people(ended):
        return ended_so
    if ended.state is not RunState.COMPLETED:
        return Exit.FAILED
    if fail_on is not None and (bad := found.head.at_or_above(fail_on)):
        _say(f"dockyard: {bad} findings at or above {fail_on.value}")
        return Exit.FINDINGS
    return Exit.OK


def _by_people(ended: RunHandle) -> Exit | None:
    """How people ended the run, with the reason said; None where they did not."""
    if not (ended.denied or ended.expired):
        return None
    _say(f"dockyard: {ended.message}")
    return Exit.REJECTED if ended.denied else Exit.EXPIRED


def _follow(known: Runs, handle: RunHandle) -> RunHandle:
    """Follow the run to its end, or until it waits for people other than who sits here."""
    from flows.service import RunState
    from flows.service.approvals import Approvals
    from ui.cli.deciding import at_a_terminal, decide_here, tell_waiting
    from ui.cli.progress import follow

    approvals = Approvals(configuration(), say=_say)
    while True:
        ended = follow(known, handle)
        if ended.state is not RunState.WAITING:
            return ended
        mine = [gate for gate in approvals.list(run=str(handle.id)) if approvals.refusal(gate) is None]
        if not (at_a_terminal() and decide_here(approvals, tuple(mine)) and known.goes_on(handle.id)):
            break
    _say(f"{ended.name} waits for people{f': {ended.message}' if ended.message else ':'}")
    tell_waiting(approvals.list(run=str(handle.id)))
    return ended


def _without_report(ended: RunHandle) -> Exit:
    if ended.refused:
        _say(f"dockyard: {ended.message}")
        return Exit.INVALID
    if ended_so := _by_people(ended):
        return ended_so
    _say(f"dockyard: {ended.name} {ended.state.value}: {ended.message}")
    return Exit.FAILED


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many.")] = 20,
    workspace: Workspace = None,
) -> None:
    """List the newest runs."""
    with spoken():
        known = _runs(workspace).list(limit)
    rows = [("Run", "State", "Started (UTC)", "Seconds", "Workflow", "Repository")]
    for handle in known:
        started = f"{handle.created:%Y-%m-%d %H:%M:%S}" if handle.created else ""
        seconds = f"{handle.seconds:.1f}"
        rows.append((handle.name, handle.state.value, started, seconds, handle.workflow, handle.repository))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:  # not a table of rich's: it would break names to fit the terminal
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def cancel(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, or `latest`.")],
) -> None:
    """Cancel a run and wait until it has ended. Exits 1 when it ended some other way first."""
    from flows.service import RunState
    from ui.cli.progress import follow

    with spoken():
        known = _runs()
        handle = known.get(known.find(run))
        known.cancel(handle.id)
        ended = follow(known, handle)
    if ended.state is not RunState.CANCELLED:
        _say(f"dockyard: {ended.name} {ended.state.value} before it could be cancelled")
        raise typer.Exit(Exit.FAILED)
    typer.echo(f"Cancelled {ended.name}.")


def retry(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, or `latest`.")],
) -> None:
    """Start a run that did not succeed again, from what failed: nodes that succeeded keep their results."""
    with spoken():
        known = _runs()
        handle = known.retry(known.find(run))
    typer.echo(f"{handle.name} is tried again; `dockyard runs` shows how it goes.")


def logs(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, or `latest`.")] = "latest",
    node: Annotated[str | None, typer.Option("--node", help="Only what this node said.")] = None,
) -> None:
    """Print what a run has logged so far, oldest line first."""
    with spoken():
        known = _runs()
        run_id, offset = known.find(run), 0
        while lines := known.logs(run_id, offset=offset):
            offset += len(lines)
            for line in lines:
                if node in (None, line.node):
                    typer.echo(f"{line.at:%H:%M:%S} {logging.getLevelName(line.level):8} {line.node:12} {line.text}")


def report(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, or `latest`.")] = "latest",
    format: Annotated[Format, typer.Option("--format", "-f", help="Format of the report.")] = Format.TEXT,  # noqa: A002
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead of stdout.")] = None,
) -> None:
    """Print a finished run's whole report."""
    with spoken():
        from flows.service.reports import Reports

        if output is not None:
            check_target(output, "--output")
        known = _runs()
        rendered = Reports(configuration(), known).render(known.find(run), format)
        if output is None:
            for piece in rendered:
                typer.echo(piece, nl=False)
            typer.echo()
            return
        write(output, rendered, "--output")
        _say(f"Report written to {output}")
