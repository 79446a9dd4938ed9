"""Commands about API tokens: tokens list, create, revoke."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import InvalidInputError
from ui.cli.columns import print_rows
from ui.cli.errors import spoken
from ui.cli.options import configuration

if TYPE_CHECKING:
    from flows.service.accounts import Accounts, Scope, Token

tokens = typer.Typer(name="tokens", no_args_is_help=True, help="API tokens, with which programs act for a person.")

User = typer.Option("--user", "-u", help="Whose token.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for name, command in (("list", list_tokens), ("create", create), ("revoke", revoke)):
        tokens.command(name)(command)
    app.add_typer(tokens)


def _accounts() -> Accounts:
    from flows.service.accounts import Accounts

    return Accounts(configuration())


def _scopes(given: list[str]) -> list[Scope]:
    from flows.service.accounts import Scope

    try:
        return [Scope(text.strip().lower()) for text in given]
    except ValueError as error:
        raise InvalidInputError(f"--scope is one of {', '.join(Scope)}") from error


def list_tokens(user: Annotated[str | None, User] = None) -> None:
    """List tokens, all or one person's, oldest first: what they may, until when, when last used. Never their secret."""
    with spoken():
        now = datetime.now(UTC)
        found = _accounts().tokens(user)
        head = ("Id", "User", "State", "Expires", "Last used", "Label", "Scopes")
        print_rows([head, *(_row(token, now) for token in found)])


def create(
    label: Annotated[str, typer.Argument(help="What it is for, such as the name of the program.")],
    user: Annotated[str, User],
    scope: Annotated[
        list[str], typer.Option("--scope", help="What it may, such as runs:read; may be repeated. Never more than the role.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it lasts.")] = 90,
) -> None:
    """Make a token and print it, this once: it cannot be shown again.

    Example: dockyard tokens create nightly-ci --user alice --scope runs:write --scope runs:read
    """
    with spoken():
        made = _accounts().make_token(user, label, _scopes(scope), lifetime=timedelta(days=days))
    typer.echo(f"Token {made.token.id} of {made.token.account}, until {_day(made.token.expires)}:", err=True)
    typer.echo(made.text.get_secret_value())


def revoke(token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `tokens list` shows it.")]) -> None:
    """End a token at once."""
    with spoken():
        revoked = _accounts().revoke_token(token)
    typer.echo(f"Token {revoked.id} of {revoked.account} is revoked.", err=True)


def _row(token: Token, now: datetime) -> tuple[str, ...]:
    state = "revoked" if token.revoked else "expired" if now >= token.expires else "valid"
    used = "never" if token.used is None else f"{token.used:%Y-%m-%d %H:%M} UTC"
    scopes = ", ".join(sorted(token.scopes))
    return (token.id, token.account, state, _day(token.expires), used, token.label, scopes)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"
