"""Who is known: the accounts of one database. Every change is one transaction, whoever else writes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, func, select

from flows.accounts import sessions
from flows.accounts.errors import AccountExistsError, LastAdminError, UnknownAccountError
from flows.accounts.roles import Role
from flows.accounts.rows import account_of, find, keep_password, row_of
from flows.accounts.schema import Account
from flows.accounts.workspaces import ensure
from flows.store import read, write
from flows.store.tables import accounts


class Directory:
    """The accounts. Names are given in the form of `flows.people.person`.

    `within` is the workspace of who asks: accounts of others are as unknown to them; None, whoever sits at the machine,
    sees all. Every method raises UnavailableError where the database fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: Account, kept: str = "") -> Account:
        """Add an account with what is kept of its password, empty for none. Raises AccountExistsError."""

        def work(connection: Connection) -> Account:
            if find(connection, account.name) is not None:
                raise AccountExistsError(f"there is an account '{account.name}' already; choose another name")
            return insert(connection, account, kept)

        return write(self._engine, work)

    def add_first(self, account: Account, kept: str) -> Account | None:
        """Add an account where there is none at all, however many processes ask at once; None where there is one."""

        def work(connection: Connection) -> Account | None:
            return insert(connection, account, kept) if _is_empty(connection) else None

        return write(self._engine, work)

    def is_empty(self) -> bool:
        """Whether there is no account at all."""
        return read(self._engine, _is_empty)

    def get(self, name: str, within: str | None = None) -> Account:
        """One account. Raises UnknownAccountError."""
        return read(self._engine, lambda connection: _known(connection, name, within))

    def list(self, within: str | None = None) -> tuple[Account, ...]:
        """All accounts by name."""
        chosen = select(accounts).order_by(accounts.c.name)
        if within is not None:
            chosen = chosen.where(accounts.c.workspace == within)
        return read(self._engine, lambda connection: tuple(map(account_of, connection.execute(chosen).mappings())))

    def change(self, name: str, change: Callable[[Account], Account], within: str | None = None) -> Account:
        """Replace role, groups or whether it is disabled by what `change` makes of the account as it is.

        A disabled one's sessions end. Raises UnknownAccountError, and LastAdminError where nobody could manage the
        workspace afterwards.
        """

        def work(connection: Connection) -> Account:
            before = _known(connection, name, within)
            return replace(connection, before, change(before))

        return write(self._engine, work)

    def set_password(self, name: str, kept: str, within: str | None = None) -> Account:
        """Replace what is kept of the password, and end all sessions of the account. Raises UnknownAccountError."""

        def work(connection: Connection) -> Account:
            account = _known(connection, name, within)
            keep_password(connection, name, kept)
            sessions.end_all(connection, name)
            return account

        return write(self._engine, work)

    def remove(self, name: str, within: str | None = None) -> None:
        """Remove an account with its sessions and tokens. Raises UnknownAccountError, LastAdminError."""

        def work(connection: Connection) -> None:
            _keep_an_admin(connection, _known(connection, name, within))
            connection.execute(accounts.delete().where(accounts.c.name == name))

        write(self._engine, work)


def insert(connection: Connection, account: Account, kept: str = "") -> Account:
    """Add an account, and its workspace where that is new."""
    ensure(connection, account.workspace)
    connection.execute(accounts.insert().values(**row_of(account), password=kept))
    return account


def replace(connection: Connection, before: Account, after: Account) -> Account:
    """Give an account the role, the groups and the state of `after`; see `Directory.change`. Raises LastAdminError."""
    if not _manages(after):
        _keep_an_admin(connection, before)
    row = {key: value for key, value in row_of(after).items() if key in ("role", "groups", "disabled")}
    connection.execute(accounts.update().where(accounts.c.name == before.name).values(row))
    if after.disabled:
        sessions.end_all(connection, before.name)
    return after


def _known(connection: Connection, name: str, within: str | None) -> Account:
    found = find(connection, name)
    if found is None or within not in (None, found[0].workspace):
        raise UnknownAccountError(f"there is no account '{name}'; `dockyard users list` shows those that there are")
    return found[0]


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(func.count()).select_from(accounts)).scalar_one() == 0


def _manages(account: Account) -> bool:
    return account.role is Role.ADMIN and not account.disabled


def _keep_an_admin(connection: Connection, leaving: Account) -> None:
    if not _manages(leaving):
        return
    others = select(func.count()).where(
        accounts.c.workspace == leaving.workspace,
        accounts.c.name != leaving.name,
        accounts.c.role == Role.ADMIN.value,
        accounts.c.disabled.is_(False),
    )
    if connection.execute(others).scalar_one() == 0:
        raise LastAdminError(
            f"{leaving.name} is the only admin of the workspace '{leaving.workspace}'; make somebody else one first"
        )
