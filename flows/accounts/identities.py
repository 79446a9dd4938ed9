"""Signing in by an identity provider: who is bound to which account, and who gets one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select

from flows.accounts import sessions
from flows.accounts.directory import insert, replace
from flows.accounts.errors import (
    DisabledAccountError,
    ForeignIdentityError,
    IdentityBoundError,
    UnknownAccountError,
    UnknownPersonError,
)
from flows.accounts.rows import find
from flows.accounts.schema import Account, BoundIdentity, ExternalIdentity, SignedIn, Vouched
from flows.store import read, write
from flows.store.tables import identities
from flows.store.times import read_time, stored

_UNKNOWN = "nobody has an account '{name}' here; ask an admin to add one: `dockyard users add {name} --no-password`"


class Identities:
    """The identities in one database. Raises UnavailableError where it fails.

    An account is found by issuer and subject once these are bound to it; names and addresses, which providers let people
    change and give to others later, count at the first sign-in alone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sign_in(self, vouched: Vouched, now: datetime) -> SignedIn:
        """Begin a session of who is vouched for, all in one transaction.

        Raises UnknownPersonError, ForeignIdentityError, DisabledAccountError, and LastAdminError where the role that the
        provider gives would leave the workspace without an admin.
        """

        def work(connection: Connection) -> SignedIn:
            name = _account_of(connection, vouched.identity)
            account = _first_time(connection, vouched, now) if name is None else _found(connection, name)
            if account.disabled:
                raise DisabledAccountError(f"the account '{account.name}' is disabled; ask an admin to enable it")
            given = {key: value for key in ("role", "groups") if (value := getattr(vouched, key)) is not None}
            after = Account.model_validate({**account.model_dump(), **given})
            if after != account:
                replace(connection, account, after)
            return sessions.begin(connection, after, now)

        return write(self._engine, work)

    def bind(self, account: str, identity: ExternalIdentity, now: datetime) -> None:
        """Say who at a provider an account is. Raises UnknownAccountError, IdentityBoundError."""

        def work(connection: Connection) -> None:
            if find(connection, account) is None:
                raise UnknownAccountError(
                    f"there is no account '{account}'; `dockyard users list` shows those that there are"
                )
            if (other := _account_of(connection, identity)) is not None:
                raise IdentityBoundError(f"this identity is the account '{other}'; `dockyard users unbind {other}` frees it")
            if _is_bound(connection, account, identity.issuer):
                raise IdentityBoundError(
                    f"'{account}' is bound to another identity; `dockyard users unbind {account}` frees the account"
                )
            _insert(connection, account, identity, now)

        write(self._engine, work)

    def unbind(self, account: str) -> int:
        """Forget who an account is at any provider; its sessions end. Returns how many identities were forgotten."""

        def work(connection: Connection) -> int:
            sessions.end_all(connection, account)
            return connection.execute(identities.delete().where(identities.c.account == account)).rowcount

        return write(self._engine, work)

    def of(self, account: str) -> tuple[BoundIdentity, ...]:
        """Who an account is at providers."""
        chosen = select(identities).where(identities.c.account == account).order_by(identities.c.issuer)
        rows = read(self._engine, lambda connection: connection.execute(chosen).mappings().all())
        return tuple(
            BoundIdentity(
                identity=ExternalIdentity(issuer=row["issuer"], subject=row["subject"]),
                account=row["account"],
                bound=read_time(row["bound"]),
            )
            for row in rows
        )


def _first_time(connection: Connection, vouched: Vouched, now: datetime) -> Account:
    """The account of somebody who was never here by this provider, bound to them from now on."""
    name = vouched.name
    if name is None:
        raise UnknownPersonError(vouched.unnamed)
    found = find(connection, name)
    if found is None:
        if vouched.joins_as is None:
            raise UnknownPersonError(_UNKNOWN.format(name=name))
        account = insert(connection, Account(name=name, role=vouched.joins_as, groups=vouched.groups or ()))
    elif _is_bound(connection, name, vouched.identity.issuer):
        raise ForeignIdentityError(
            f"the account '{name}' is bound to somebody else at the identity provider; if it is yours, an admin frees it: "
            f"`dockyard users unbind {name}`"
        )
    else:
        account = found[0]
    if not account.disabled:  # who is refused leaves nothing behind
        _insert(connection, name, vouched.identity, now)
    return account


def _account_of(connection: Connection, identity: ExternalIdentity) -> str | None:
    chosen = select(identities.c.account).where(
        identities.c.issuer == identity.issuer, identities.c.subject == identity.subject
    )
    name: str | None = connection.execute(chosen).scalar()
    return name


def _is_bound(connection: Connection, account: str, issuer: str) -> bool:
    chosen = select(identities.c.subject).where(identities.c.account == account, identities.c.issuer == issuer)
    return connection.execute(chosen).one_or_none() is not None


def _insert(connection: Connection, account: str, identity: ExternalIdentity, now: datetime) -> None:
    connection.execute(identities.insert().values(**identity.model_dump(), account=account, bound=stored(now)))


def _found(connection: Connection, name: str) -> Account:
    found = find(connection, name)
    if found is None:  # the row goes with its account
        raise UnknownPersonError(_UNKNOWN.format(name=name))
    return found[0]
