"""Commands about people: users list, add, set, disable, enable, remove, password, bind, unbind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import InvalidInputError
from ui.cli.columns import print_rows
from ui.cli.errors import spoken
from ui.cli.options import configuration, oidc_configuration
from ui.cli.passwords import asked_password

if TYPE_CHECKING:
    from pydantic import SecretStr

    from flows.service.accounts import Account, Accounts, Role

users = typer.Typer(
    name="users", no_args_is_help=True, help="Who may use the page and the API: list people, add them, say what they may."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, as in the approval policy.")]
RoleText = typer.Option("--role", help="viewer, operator, approver or admin; each may all that those before it may.")
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="A group of the person; may be repeated. It approves nothing.")
]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random password and print it, this once.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    users.command("list")(list_users)
    users.command("set")(change)
    for command in (add, disable, enable, remove, password, bind, unbind):
        users.command()(command)
    app.add_typer(users)


def _accounts() -> Accounts:
    from flows.service.accounts import Accounts

    return Accounts(configuration())


def _role(text: str) -> Role:
    from flows.service.accounts import Role

    try:
        return Role(text.strip().lower())
    except ValueError as error:
        raise InvalidInputError(f"--role is one of {', '.join(Role)}, not '{text}'") from error


def list_users() -> None:
    """List everybody, by name."""
    with spoken():
        found = _accounts().list()
        print_rows([("Name", "Role", "Workspace", "State", "Groups"), *map(_row, found)])


def add(
    name: Name,
    *,
    role: Annotated[str, RoleText] = "viewer",
    group: Groups = None,
    workspace: Annotated[
        str, typer.Option("--workspace", help="The tenant that the person belongs to, for good; a new one is made.")
    ] = "default",
    generate: Generate = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Give none: the person signs in at the identity provider alone.")
    ] = False,
) -> None:
    """Add somebody. The password is asked for, or read from standard input.

    Example: dockyard users add alice --role approver --generate
    """
    with spoken():
        wanted = _role(role)
        if generate and no_password:
            raise InvalidInputError("--generate and --no-password contradict each other")
        secret = None if no_password else _new_password(name, generate=generate)
        account = _accounts().add(name, wanted, password=secret, groups=group or (), workspace=workspace)
    typer.echo(f"{account.name} is there with the role {account.role}.", err=True)
    if generate and secret:
        typer.echo(secret.get_secret_value())


def change(
    name: Name,
    role: Annotated[str | None, RoleText] = None,
    group: Groups = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Take the person out of all groups.")] = False,
) -> None:
    """Give somebody another role, or other groups in place of those they have. It holds at once."""
    with spoken():
        if role is None and not group and not no_groups:
            raise InvalidInputError("say what to change: --role, --group or --no-groups")
        if group and no_groups:
            raise InvalidInputError("--group and --no-groups contradict each other")
        groups = () if no_groups else group or None
        account = _accounts().change(name, role=None if role is None else _role(role), groups=groups)
    typer.echo(f"{account.name}: {account.role}; groups: {', '.join(account.groups) or 'none'}", err=True)


def disable(name: Name) -> None:
    """Let somebody in no more, at once: their sessions end, their tokens are refused. What they did stays theirs."""
    with spoken():
        account = _accounts().disable(name)
    typer.echo(f"{account.name} is disabled.", err=True)


def enable(name: Name) -> None:
    """Let somebody in again who was disabled."""
    with spoken():
        account = _accounts().enable(name)
    typer.echo(f"{account.name} is enabled.", err=True)


def remove(name: Name) -> None:
    """Forget somebody with their sessions and tokens. Better disable: another who is given the name later takes over what
    the ledger and the policy say of it."""
    with spoken():
        _accounts().remove(name)
    typer.echo(f"{name} is removed.", err=True)


def password(name: Name, generate: Generate = False) -> None:
    """Give somebody another password, which ends their sessions. It is asked for, or read from standard input."""
    with spoken():
        known = _accounts()
        known.get(name)  # nobody is asked for what could not be used
        secret = _new_password(name, generate=generate)
        account = known.set_password(name, secret)
    typer.echo(f"{account.name} has another password; whoever was signed in under it is not any more.", err=True)
    if generate:
        typer.echo(secret.get_secret_value())


def bind(
    name: Name,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id there: `sub` in its tokens.")],
    issuer: Annotated[str | None, typer.Option("--issuer", help="The provider; default: DOCKYARD_OIDC_ISSUER.")] = None,
) -> None:
    """Say who somebody is at the identity provider. Else whoever first signs in there by the account's name is bound to it.

    Example: dockyard users bind alice 248289761001
    """
    with spoken():
        provider = issuer or oidc_configuration().oidc_issuer
        if not provider:
            raise InvalidInputError("name the identity provider: --issuer, or DOCKYARD_OIDC_ISSUER")
        _accounts().bind(name, provider, subject)
    typer.echo(f"{name} is {subject} at {provider}.", err=True)


def unbind(name: Name) -> None:
    """Forget who somebody is at identity providers, and end their sessions. Whoever signs in there next by the account's
    name is bound to it."""
    with spoken():
        known = _accounts()
        forgotten = known.identities(name)
        known.unbind(name)
    for one in forgotten:
        typer.echo(f"{one.account} was {one.identity.subject} at {one.identity.issuer}.", err=True)
    if not forgotten:
        typer.echo(f"{name} was bound to nobody.", err=True)


def _new_password(name: str, *, generate: bool) -> SecretStr:
    from flows.service.accounts import random_password

    return random_password() if generate else asked_password(name)


def _row(account: Account) -> tuple[str, ...]:
    state = "disabled" if account.disabled else "enabled"
    return (account.name, account.role.value, account.workspace, state, ", ".join(account.groups) or "-")
