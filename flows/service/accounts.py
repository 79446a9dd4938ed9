"""People as doors meet them: who is there, who may what, sessions, tokens, links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine

from flows.accounts import (
    DEFAULT_WORKSPACE,
    Account,
    AccountError,
    AccountExistsError,
    Arrivals,
    BoundIdentity,
    Directory,
    DisabledAccountError,
    ExternalIdentity,
    ForbiddenError,
    ForeignIdentityError,
    ForeignLinkError,
    ForgedRequestError,
    Identities,
    IdentityBoundError,
    LastAdminError,
    Link,
    LinkError,
    LinkExpiredError,
    Links,
    LinkUsedError,
    MadeToken,
    NewPassword,
    NotSignedInError,
    PasswordError,
    Passwords,
    PendingSignIn,
    PendingSignIns,
    Principal,
    Role,
    Scope,
    ScopeError,
    Scopes,
    Session,
    Sessions,
    SignedIn,
    SignIn,
    StaleSignInError,
    Token,
    TokenPrincipal,
    Tokens,
    TooManyAttemptsError,
    UnknownAccountError,
    UnknownPersonError,
    UnknownTokenError,
    Vouched,
    WrongCredentialsError,
    check_csrf,
    random_password,
)
from flows.approvals import PREFECT_UI
from flows.errors import InvalidInputError
from flows.execution.origin import NOBODY
from flows.people import person
from flows.settings import Settings, local_person
from flows.store import open_store

__all__ = [
    "DEFAULT_WORKSPACE",
    "Account",
    "AccountError",
    "AccountExistsError",
    "Accounts",
    "BoundIdentity",
    "DisabledAccountError",
    "ExternalIdentity",
    "ForbiddenError",
    "ForeignIdentityError",
    "ForeignLinkError",
    "ForgedRequestError",
    "IdentityBoundError",
    "LastAdminError",
    "Link",
    "LinkError",
    "LinkExpiredError",
    "LinkUsedError",
    "MadeToken",
    "NewPassword",
    "NotSignedInError",
    "PasswordError",
    "PendingSignIn",
    "Principal",
    "Role",
    "Scope",
    "ScopeError",
    "Scopes",
    "Session",
    "SignedIn",
    "StaleSignInError",
    "Token",
    "TokenPrincipal",
    "TooManyAttemptsError",
    "UnknownAccountError",
    "UnknownPersonError",
    "UnknownTokenError",
    "Vouched",
    "WrongCredentialsError",
    "random_password",
]

TOKEN_LIFETIME = timedelta(days=90)
"""Of a token for which nobody says otherwise."""

_NO_PEOPLE = (PREFECT_UI, NOBODY)
"""Names that stand for nobody in the ledger: who had one could pass for an answer without a name."""


class Accounts:
    """The people of one hub. The database is opened by the first method that needs it.

    `within` is the workspace of the person on whose behalf a door asks: what belongs to others is unknown to them. Only
    who sits at the machine leaves it out. Methods that take a name raise UnknownAccountError for one that is not known;
    all raise UnavailableError where the database fails.
    """

    def __init__(self, settings: Settings, *, passwords: Passwords | None = None) -> None:
        self._settings = settings
        self._passwords = passwords or Passwords()

    # Proving who one is.

    def sign_in(self, name: str, password: SecretStr) -> SignedIn:
        """Begin a session. Raises WrongCredentialsError, TooManyAttemptsError."""
        return SignIn(self._engine, self._passwords).sign_in(name, password, _now())

    def begin_sign_in(self, pending: PendingSignIn) -> str:
        """Seal a sign-in that goes to an identity provider, for a cookie; it must come back within ten minutes."""
        return self._pending.seal(pending, _now())

    def redeem_sign_in(self, sealed: str, state: str) -> PendingSignIn:
        """The sign-in that comes back with this state, once. Raises StaleSignInError."""
        return self._pending.redeem(sealed, state, _now())

    def sign_in_vouched(self, vouched: Vouched) -> SignedIn:
        """Begin a session of somebody for whom an identity provider vouches.

        Raises UnknownPersonError, ForeignIdentityError, DisabledAccountError, LastAdminError.
        """
        return self._identities.sign_in(vouched, _now())

    def sign_out(self, session: str) -> None:
        """End the session of that id, if there is one."""
        self._sessions.end(session)

    def person_of_session(self, session: str) -> Session:
        """Who has the session of that id, as the cookie brought it. Raises NotSignedInError."""
        return self._sessions.find(session, _now())

    def check_csrf(self, session: Session, given: str | None) -> None:
        """Raises ForgedRequestError unless `given` is the session's CSRF token; for every request that changes something."""
        check_csrf(session, given)

    def person_of_token(self, text: str) -> TokenPrincipal:
        """For whom an API token acts and what it may. Raises NotSignedInError."""
        return self._tokens.find(text, _now())

    # Who is there.

    def first_admin(self) -> NewPassword | None:
        """On a hub without accounts: make one admin, named after who runs it, and give its password this once.

        None where there are accounts. Raises InvalidInputError where the machine's account has a name that no person has.
        """
        if not self._directory.is_empty():  # so that only the first start pays for the hash
            return None
        password = random_password()
        account = _account(local_person(), Role.ADMIN, (), DEFAULT_WORKSPACE)
        made = self._directory.add_first(account, self._passwords.hash(password))
        return None if made is None else NewPassword(account=made, password=password)

    def list(self, within: str | None = None) -> tuple[Account, ...]:
        """All accounts, by name."""
        return self._directory.list(within)

    def get(self, name: str, within: str | None = None) -> Account:
        """One account."""
        return self._directory.get(_person(name), within)

    def add(
        self,
        name: str,
        role: Role,
        *,
        password: SecretStr | None = None,
        groups: Iterable[str] = (),
        workspace: str = DEFAULT_WORKSPACE,
    ) -> Account:
        """Add somebody; without a password they cannot sign in by one.

        Raises AccountExistsError, PasswordError, InvalidInputError for a name, group or workspace that cannot be.
        """
        account = _account(name, role, groups, workspace)
        return self._directory.add(account, "" if password is None else self._passwords.hash(password))

    def change(
        self, name: str, *, role: Role | None = None, groups: Iterable[str] | None = None, within: str | None = None
    ) -> Account:
        """Give somebody another role or other groups; what is None stays. It holds from their next request on.

        Raises LastAdminError, InvalidInputError for a group that cannot be.
        """
        wanted = None if groups is None else tuple(groups)

        def changed(before: Account) -> Account:
            after = _account(before.name, role or before.role, before.groups if wanted is None else wanted, before.workspace)
            return after.model_copy(update={"disabled": before.disabled})

        return self._directory.change(_person(name), changed, within)

    def set_password(self, name: str, password: SecretStr, within: str | None = None) -> Account:
        """Give somebody another password, which ends their sessions; their tokens stay. Raises PasswordError."""
        return self._directory.set_password(_person(name), self._passwords.hash(password), within)

    def disable(self, name: str, within: str | None = None) -> Account:
        """Let somebody in no more: their sessions end, their tokens are refused. Raises LastAdminError."""
        return self._switch(name, within, disabled=True)

    def enable(self, name: str, within: str | None = None) -> Account:
        """Let somebody in again who was disabled."""
        return self._switch(name, within, disabled=False)

    def remove(self, name: str, within: str | None = None) -> None:
        """Forget somebody with their sessions and tokens; what they did stays in the ledger. Raises LastAdminError."""
        self._directory.remove(_person(name), within)

    # Who they are at identity providers.

    def bind(self, name: str, issuer: str, subject: str) -> None:
        """Say who at an identity provider somebody is, before they sign in there for the first time.

        Raises IdentityBoundError, InvalidInputError for an issuer or subject that cannot be.
        """
        try:
            identity = ExternalIdentity(issuer=issuer, subject=subject)
        except ValidationError as error:
            raise InvalidInputError("an issuer and a subject have 1 to 255 readable characters each") from error
        self._identities.bind(_person(name), identity, _now())

    def unbind(self, name: str) -> int:
        """Forget who somebody is at identity providers, which ends their sessions: whoever comes next by that name is bound
        anew. Returns how many identities were forgotten."""
        return self._identities.unbind(self.get(name).name)

    def identities(self, name: str) -> tuple[BoundIdentity, ...]:
        """Who somebody is at identity providers."""
        return self._identities.of(self.get(name).name)

    # Tokens.

    def make_token(
        self,
        name: str,
        label: str,
        scopes: Iterable[Scope],
        *,
        lifetime: timedelta = TOKEN_LIFETIME,
        within: str | None = None,
    ) -> MadeToken:
        """Make a token that acts for somebody. Raises ScopeError for more than their role has, InvalidInputError."""
        account, now = self.get(name, within), _now()
        try:
            expires = now + lifetime
        except OverflowError:
            expires = datetime.max.replace(tzinfo=UTC)  # which is refused as too late, in words
        return self._tokens.make(account.name, label, scopes, now=now, expires=expires)

    def tokens(self, name: str | None = None, within: str | None = None) -> tuple[Token, ...]:
        """All tokens or those of one person, oldest first; those that are over, too."""
        return self._tokens.list(None if name is None else self.get(name, within).name, within)

    def revoke_token(self, token: str, *, name: str | None = None, within: str | None = None) -> Token:
        """End the token of that id; with `name` only where it is theirs. Raises UnknownTokenError."""
        return self._tokens.revoke(token, _now(), account=None if name is None else _person(name), within=within)

    # Links.

    def make_link(self, gate: str, person: str, expires: datetime) -> str:
        """The token of a link that leads one person to one gate, once. Raises InvalidInputError."""
        return self._links.make(gate, person, now=_now(), expires=expires)

    def open_link(self, token: str, who: str) -> Link:
        """Where a link leads. It lets nobody in and decides nothing: ask who it is first, then open it.

        Raises ForeignLinkError where it was sent to somebody else than `who`, LinkUsedError, LinkExpiredError, LinkError.
        """
        return self._links.open(token, who, _now())

    def seal_arrival(self, session: Session, gate: str) -> str:
        """What shows later in this session that its person came to that gate by a link; for a cookie."""
        return self._arrivals.seal(session, gate)

    def came_by_link(self, session: Session, gate: str, seal: str) -> bool:
        """Whether `seal` shows that."""
        return self._arrivals.fits(session, gate, seal)

    def _switch(self, name: str, within: str | None, *, disabled: bool) -> Account:
        return self._directory.change(
            _person(name), lambda account: account.model_copy(update={"disabled": disabled}), within
        )

    @cached_property
    def _engine(self) -> Engine:
        return open_store(self._settings)

    @cached_property
    def _directory(self) -> Directory:
        return Directory(self._engine)

    @cached_property
    def _sessions(self) -> Sessions:
        return Sessions(self._engine)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._engine)

    @cached_property
    def _identities(self) -> Identities:
        return Identities(self._engine)

    @cached_property
    def _pending(self) -> PendingSignIns:
        return PendingSignIns(self._engine)

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals(self._engine)

    @cached_property
    def _links(self) -> Links:
        return Links(self._engine)


def _now() -> datetime:
    return datetime.now(UTC)


def _person(name: str) -> str:
    try:
        return person(name)
    except ValueError as error:
        raise InvalidInputError(f"{name!r} is no name: {error}") from error


def _account(name: str, role: Role, groups: Iterable[str], workspace: str) -> Account:
    """Raises InvalidInputError that says which part cannot be, and why."""
    who = _person(name)
    if who in _NO_PEOPLE:
        raise InvalidInputError(f"'{who}' stands for nobody in the ledger; choose another name")
    try:
        return Account(name=who, role=role, groups=tuple(groups), workspace=workspace)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors()}
        raise InvalidInputError("; ".join(_RULES[part] for part in sorted(wrong))) from error


_RULES = {
    "groups": "a group's name has 1 to 64 letters, digits or any of . _ @ -",
    "workspace": "a workspace's name has 1 to 63 small letters, digits and inner dashes",
}
