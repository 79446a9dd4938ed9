"""Deciding at a terminal: what was seen is what is decided about."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import typer

from flows.errors import DockyardError, InvalidInputError
from ui.cli.options import wide_console

if TYPE_CHECKING:
    from flows.service.approvals import Approvals, Choice, Gate

_DIGEST = re.compile(r"[0-9a-f]{12,64}")
_LATER = "later"


def at_a_terminal() -> bool:
    """Whether somebody sits there who can read and answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def digest_seen(gate: Gate, choice: Choice, given: str | None) -> str:
    """The digest of what the person has seen: named by its beginning, or shown here and confirmed.

    Raises InvalidInputError where neither is so, typer.Exit where the person did not type yes.
    """
    if given is not None:
        return _named(gate, given)
    if not at_a_terminal():
        raise InvalidInputError(
            f"say what you have seen: --digest with the first 12 digits or more of the digest that "
            f"`dockyard approvals show {gate.id[:8]}` prints"
        )
    from ui.cli.gate_view import show_gate

    show_gate(gate, wide_console())
    answer = typer.prompt(f"\nType yes to {choice.value}", default="", show_default=False)
    if answer.strip().lower() != "yes":
        raise DockyardError("nothing was decided")
    return gate.digest


def _named(gate: Gate, given: str) -> str:
    wanted = given.strip().lower().removeprefix("sha256:")
    if not _DIGEST.fullmatch(wanted):
        raise InvalidInputError(f"--digest takes 12 to 64 hexadecimal digits, not '{given}'")
    if not gate.digest.startswith(wanted):
        raise InvalidInputError(
            f"what you have seen is not what gate {gate.id[:8]} would do: the digests differ; "
            f"look at it again with `dockyard approvals show {gate.id[:8]}`"
        )
    return gate.digest


def decide_here(approvals: Approvals, gates: tuple[Gate, ...]) -> int:
    """Show each gate and ask at the prompt; returns how many were decided. What is refused is said."""
    from flows.service.approvals import Choice, Door
    from ui.cli.gate_view import show_gate

    decided = 0
    for gate in gates:
        show_gate(gate, wide_console())
        answer = _asked([choice.value for choice in Choice])
        if answer == _LATER:
            continue
        note = typer.prompt("Note", default="", show_default=False)
        try:
            after = approvals.decide(gate.id, Choice(answer), note=note, digest=gate.digest, door=Door.CLI)
        except DockyardError as error:  # decided elsewhere meanwhile, expired, a note that cannot be kept
            typer.echo(f"dockyard: {error}", err=True)
        else:
            decided += 1
            typer.echo(f"Gate {gate.id[:8]}: {after.text}", err=True)
    return decided


def _asked(choices: list[str]) -> str:
    while True:
        try:
            answer: str = typer.prompt(f"\n{', '.join(choices)} or {_LATER}?", default=_LATER).strip().lower()
        except typer.Abort:  # Ctrl-C at the prompt is no answer; the run goes on waiting
            return _LATER
        if answer in (*choices, _LATER):
            return answer
        typer.echo(f"Please type {', '.join(choices)} or {_LATER}.", err=True)


def tell_waiting(gates: tuple[Gate, ...]) -> None:
    """Say which gates wait, for whom, and how to decide."""
    for gate in gates:
        short = gate.id[:8]
        typer.echo(
            f"  gate {short}, node {gate.request.display_name}: {gate.text}; `dockyard approvals show {short}`", err=True
        )
