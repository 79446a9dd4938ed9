"""API tokens: `dy_<id>_<secret>`, shown once, for programs that act for a person."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, Engine, select

from flows.accounts.errors import NotSignedInError, ScopeError, UnknownAccountError, UnknownTokenError
from flows.accounts.roles import Scope
from flows.accounts.rows import account_of, find
from flows.accounts.schema import MadeToken, Token, TokenPrincipal
from flows.errors import InvalidInputError
from flows.store import read, write
from flows.store.tables import accounts, tokens
from flows.store.times import read_time, stored

PREFIX = "dy"
"""By which scanners for secrets find tokens that lie about."""
LONGEST = timedelta(days=366)
USED_STEP = timedelta(minutes=1)
"""How exact `used` is: not every request needs to write."""

_TEXT = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})")
_ID = re.compile(r"[0-9a-f]{16}")
_REFUSED = "this token is unknown, expired or revoked; make another with `dockyard tokens create`"


class Tokens:
    """The tokens in one database. Raises UnavailableError where it fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, account: str, label: str, scopes: Iterable[Scope], *, now: datetime, expires: datetime) -> MadeToken:
        """Make a token for an account. Raises ScopeError for more than its role has, InvalidInputError for a time or
        label that cannot be, UnknownAccountError."""
        wanted = frozenset(scopes)
        if not wanted:
            raise ScopeError("a token without a scope may nothing: name at least one")
        if not now < expires <= now + LONGEST:
            raise InvalidInputError(f"a token expires in the future, and within {LONGEST.days} days")
        secret = secrets.token_urlsafe(32)
        values = {"id": secrets.token_hex(8), "account": account, "label": label, "scopes": wanted}
        try:
            token = Token.model_validate({**values, "made": now, "expires": expires})
        except ValidationError as error:
            raise InvalidInputError("a token's label has 1 to 100 readable characters on one line") from error

        def work(connection: Connection) -> None:
            owner = find(connection, account)
            if owner is None or owner[0].disabled:
                raise UnknownAccountError(f"there is no enabled account '{account}' to make a token for")
            if beyond := sorted(wanted - owner[0].role.scopes):
                raise ScopeError(f"{account} has the role {owner[0].role}, which may not {', '.join(beyond)}")
            row = {**values, "scopes": json.dumps(sorted(wanted)), "made": stored(now), "expires": stored(expires)}
            connection.execute(tokens.insert().values(**row, hash=_hash(secret)))

        write(self._engine, work)
        return MadeToken(text=SecretStr(f"{PREFIX}_{token.id}_{secret}"), token=token)

    def find(self, text: str, now: datetime) -> TokenPrincipal:
        """For whom a token acts, and what it may: of its scopes those that the role has **now**. Raises NotSignedInError."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise NotSignedInError(_REFUSED)
        key, secret = match.groups()
        chosen = select(tokens, accounts).join(accounts).where(tokens.c.id == key)
        row = read(self._engine, lambda connection: connection.execute(chosen).mappings().one_or_none())
        if row is None or not hmac.compare_digest(row["hash"], _hash(secret)):
            raise NotSignedInError(_REFUSED)
        if row["revoked"] is not None or row["disabled"] or now >= read_time(row["expires"]):
            raise NotSignedInError(_REFUSED)
        if row["used"] is None or now - read_time(row["used"]) >= USED_STEP:
            update = tokens.update().where(tokens.c.id == key).values(used=stored(now))
            write(self._engine, lambda connection: connection.execute(update))
        account = account_of(row)
        return TokenPrincipal(account=account, scopes=account.role.scopes & _token(row).scopes, token=key)

    def list(self, account: str | None = None, within: str | None = None) -> tuple[Token, ...]:
        """All tokens, of one account or of one workspace, oldest first; those that are over, too."""
        chosen = select(tokens).join(accounts).order_by(tokens.c.made, tokens.c.id)
        if account is not None:
            chosen = chosen.where(tokens.c.account == account)
        if within is not None:
            chosen = chosen.where(accounts.c.workspace == within)
        return read(self._engine, lambda connection: tuple(map(_token, connection.execute(chosen).mappings())))

    def revoke(self, token: str, now: datetime, *, account: str | None = None, within: str | None = None) -> Token:
        """End a token, by its id, at once; one that was ended stays as it is.

        Raises UnknownTokenError, also where it is not one of that account or workspace.
        """

        def work(connection: Connection) -> Token:
            chosen = select(tokens, accounts.c.workspace).join(accounts).where(tokens.c.id == token)
            row = connection.execute(chosen).mappings().one_or_none() if _ID.fullmatch(token) else None
            if row is None or account not in (None, row["account"]) or within not in (None, row["workspace"]):
                raise UnknownTokenError(
                    f"there is no token '{token[:64]}'; `dockyard tokens list` shows those that there are"
                )
            found = _token(row)
            if found.revoked is not None:
                return found
            connection.execute(tokens.update().where(tokens.c.id == token).values(revoked=stored(now)))
            return found.model_copy(update={"revoked": now})

        return write(self._engine, work)


def _token(row: Mapping[Any, Any]) -> Token:
    times = {key: row[key] and read_time(row[key]) for key in ("made", "expires", "used", "revoked")}
    columns = {key: row[key] for key in ("id", "account", "label")}
    return Token.model_validate({**columns, **times, "scopes": frozenset(json.loads(row["scopes"]))})


def _hash(secret: str) -> str:
    # Nobody guesses 256 random bits: a plain hash is enough, and every request can afford it.
    return hashlib.sha256(secret.encode()).hexdigest()
