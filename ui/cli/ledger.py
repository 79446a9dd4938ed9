"""Commands about the record of decisions, ledger verify, mark, export, and about what follows: rollback, reconcile."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import InvalidInputError
from ui.cli.errors import Exit, spoken
from ui.cli.options import check_target, configuration

if TYPE_CHECKING:
    from flows.service.approvals import Approvals, Mark
    from flows.service.rollback import RolledBack

ledger = typer.Typer(
    name="ledger", no_args_is_help=True, help="The record of all gates and decisions: verify it, export it."
)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (verify, mark, export):
        ledger.command()(command)
    app.add_typer(ledger)
    app.command()(rollback)
    app.command()(reconcile)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _approvals() -> Approvals:
    from flows.service.approvals import Approvals

    return Approvals(configuration(), say=_say)


def verify(
    noted: Annotated[
        str | None,
        typer.Option("--noted", help="SEQ:HASH that `ledger mark` printed: shows what was cut off or written anew."),
    ] = None,
) -> None:
    """Check that no row of the ledger was touched. Exits 1 and names the first one that was."""
    with spoken():
        known = _approvals()
        broken = known.verify(None if noted is None else _mark(noted))
        newest = known.mark()
    if broken is not None:
        _say(f"dockyard: row {broken.seq} of the ledger: {broken.why}")
        raise typer.Exit(Exit.FAILED)
    typer.echo("The ledger is empty." if newest is None else f"The ledger holds up to {newest.seq}:{newest.hash}")


def mark() -> None:
    """Print where the ledger ends as SEQ:HASH, to be kept where those who write to the database cannot."""
    with spoken():
        newest = _approvals().mark()
    if newest is None:
        _say("The ledger is empty.")
        return
    typer.echo(f"{newest.seq}:{newest.hash}")


def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead of stdout.")] = None,
) -> None:
    """Print every row of the ledger as a line of canonical JSON, enough to check the chain without Dockyard."""
    with spoken():
        if output is None:
            _approvals().export(sys.stdout)
            return
        check_target(output, "--output")
        with output.open("w", encoding="utf-8") as stream:
            count = _approvals().export(stream)
    _say(f"{count} rows written to {output}")


def rollback(
    run: Annotated[str, typer.Argument(help="A run's name, id, the start of its id, `latest`, or a gate's id.")],
    repository: Annotated[
        str | None, typer.Option("--repository", "-r", help="Folder of the repository; default: the one of the run.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the ledger.")] = "",
) -> None:
    """Take back what a run has written: delete its branch, or, where that was merged, make one that reverts it.

    Who does so is written in the ledger, by the name of the account.
    """
    with spoken():
        from flows.service.rollback import Rollbacks

        for undone in Rollbacks(configuration(), _say).roll_back(run, repository=repository, reason=reason):
            typer.echo(_undone(undone))


def _undone(undone: RolledBack) -> str:
    from flows.service.rollback import Undone

    match undone.how:
        case Undone.DELETED:
            return f"The branch {undone.branch} is deleted."
        case Undone.REVERTED:
            return (
                f"The branch {undone.branch} holds {undone.commit}, which takes the change back on top of "
                f"{undone.onto}: merge it."
            )
        case Undone.NOTHING:
            return f"The branch {undone.branch} is gone, and no other holds the change: nothing was left to take back."


def reconcile() -> None:
    """Look once at all runs that wait for people: close what expired, let go on what is decided, start again what crashed.

    Workers of the type `dockyard` do so by themselves; call it every minute where only others are used.
    """
    with spoken():
        from flows.service.reconciler import reconcile as look

        for said in look(configuration(), _say):
            typer.echo(said)


def _mark(text: str) -> Mark:
    from flows.service.approvals import Mark

    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text):
        raise InvalidInputError(f"--noted takes SEQ:HASH as `dockyard ledger mark` prints it, not '{text}'")
    seq, _, found = text.partition(":")
    return Mark(seq=int(seq), hash=found)
