"""Commands about gates: approvals list, show, approve, reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import DockyardError
from ui.cli.deciding import digest_seen
from ui.cli.errors import spoken
from ui.cli.options import Workspace, configuration, tenant, wide_console

if TYPE_CHECKING:
    from flows.service.approvals import Approvals, Choice

approvals = typer.Typer(
    name="approvals", no_args_is_help=True, help="What waits for people: list it, look at it, decide about it."
)

GateId = Annotated[str, typer.Argument(metavar="GATE", help="A gate's id or the beginning of it.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept in the ledger, to the letter.")]
Digest = Annotated[
    str | None,
    typer.Option("--digest", help="First 12 digits or more of the digest that you have seen; needed without a terminal."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for name, command in (("list", list_gates), ("show", show), ("approve", approve), ("reject", reject)):
        approvals.command(name)(command)
    app.add_typer(approvals)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _approvals(workspace: str | None = None) -> Approvals:
    from flows.service.approvals import Approvals

    return Approvals(configuration(), workspace=tenant(workspace), say=_say)


def list_gates(
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you may decide.")] = False,
    workspace: Workspace = None,
) -> None:
    """List the gates that wait, oldest first."""
    with spoken():
        known = _approvals(workspace)
        gates = known.mine() if mine else known.list(everything)
        from ui.cli.gate_view import gate_rows

        for row in gate_rows(gates):
            typer.echo(row)


def show(
    gate: GateId,
    diff: Annotated[bool, typer.Option("--diff/--no-diff", help="With the exact change.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show what a gate asks, who may decide, what was said so far, and the exact change."""
    with spoken():
        found = _approvals().get(gate)
        if as_json:
            from flows.service.gate_text import gate_json

            typer.echo(gate_json(found))
            return
        from ui.cli.gate_view import show_gate

        show_gate(found, wide_console(), diff=diff)


def approve(gate: GateId, note: Note, digest: Digest = None) -> None:
    """Say yes to exactly what a gate shows. At a terminal it is shown and you are asked to type yes.

    Example: dockyard approvals approve 1f0c9a7e --note "Tests are green" --digest 5d41402abc4b
    """
    from flows.service.approvals import Choice

    _decide(gate, Choice.APPROVE, note, digest)


def reject(gate: GateId, note: Note, digest: Digest = None) -> None:
    """Say no to what a gate shows. At a terminal it is shown and you are asked to type yes."""
    from flows.service.approvals import Choice

    _decide(gate, Choice.REJECT, note, digest)


def _decide(gate: str, choice: Choice, note: str, digest: str | None) -> None:
    from flows.service.approvals import Door

    with spoken():
        known = _approvals()
        found = known.get(gate)
        reason = known.refusal(found)
        if reason is not None:  # nobody is asked what could not count
            raise DockyardError(reason)
        seen = digest_seen(found, choice, digest)
        after = known.decide(found.id, choice, note=note, digest=seen, door=Door.CLI)
    typer.echo(f"Gate {after.id[:8]}: {after.text}")
