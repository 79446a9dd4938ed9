"""The command that tries the sandbox: probe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.settings import RuntimeName
from ui.cli.errors import Exit, spoken
from ui.cli.options import configuration

if TYPE_CHECKING:
    from flows.service.probe import Probing


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(probe)


def probe(
    names: Annotated[list[str] | None, typer.Argument(help="Run these alone; --list names them.")] = None,
    runtime: Annotated[
        RuntimeName | None, typer.Option("--runtime", help="The runtime to try; auto is docker when an engine answers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the trials as JSON.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Name the probes with what they try, and stop.")] = False,
) -> None:
    """Try to get out of the sandbox, from inside, and say what held: `N of N contained`.

    Every probe runs as agents do: same image, same settings, same way back. It tries for real, within bounds that do
    no harm where nothing holds, and sends nothing off this machine. The hub looks from outside as well: a probe is
    contained when it reached nothing and left nothing.

    A line per probe: its name, what it tried, what came of it. Exits 0 when all are contained, 1 when one is not or
    the engine lacks a limit. `--runtime local` tells what is not contained where no engine answers.

    Example: dockyard probe network-internet fork-bomb
    """
    from flows.service.probe import probe_sandbox, probes

    if listing:
        for info in probes():
            typer.echo(f"{info.name:<22} {info.tries}")
        return
    with spoken():
        config = configuration()
        done = probe_sandbox(runtime or config.runtime, config, only=names or (), told=_progress)
    if as_json:
        typer.echo(done.model_dump_json(indent=2))
    else:
        _print(done)
    if done.contained < len(done.trials):
        raise typer.Exit(Exit.FAILED)


def _progress(count: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{count} probes done", nl=False, err=True)


def _print(done: Probing) -> None:
    if sys.stderr.isatty():
        typer.echo("\r", nl=False, err=True)
    if done.notice:
        typer.echo(done.notice, err=True)
    for trial in done.trials:
        mark = "contained    " if trial.contained else "NOT CONTAINED"
        typer.echo(f"{mark}  {trial.probe:<22} {trial.tries}")
        typer.echo(f"{'':<15}{'':<22} → {trial.outcome}")
    typer.echo(f"{done.contained} of {len(done.trials)} contained by the {done.runtime} runtime")
