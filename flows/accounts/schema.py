"""People as doors see them: an account, who acts now and may what, a token, a session, a link."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, PlainSerializer, SecretStr

from agents.contract.schema import Frozen
from flows.accounts.errors import ForbiddenError
from flows.accounts.roles import Role, Scope
from flows.people import DEFAULT_WORKSPACE, Person, WorkspaceName, clean

GroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
"""As in a policy file."""
Label = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(clean)]
"""What a token is for, in its owner's words."""


Scopes = Annotated[frozenset[Scope], PlainSerializer(sorted, return_type=list[Scope], when_used="json")]
"""In JSON always in the same order."""


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class Account(Frozen):
    """A person whom the hub knows. Its name is that of approvals and of the ledger."""

    name: Person
    role: Role
    groups: Annotated[tuple[GroupName, ...], AfterValidator(_in_order)] = ()
    workspace: WorkspaceName = DEFAULT_WORKSPACE
    disabled: bool = False


class Principal(Frozen):
    """Who acts now, and what they may: all that the role may, or of that what a token has."""

    account: Account
    scopes: Scopes

    @property
    def name(self) -> str:
        """The person's name."""
        return self.account.name

    def require(self, scope: Scope) -> None:
        """Raises ForbiddenError, which says what it would take, where the principal may not do this."""
        if scope in self.scopes:
            return
        if scope in self.account.role.scopes:
            raise ForbiddenError(f"this token lacks the scope '{scope}': make one that has it")
        raise ForbiddenError(
            f"{self.name} has the role {self.account.role}, and this takes at least {scope.role}: ask an admin"
        )


class Session(Principal):
    """Somebody who signed in; a request that changes something must carry `csrf`, too."""

    csrf: SecretStr
    expires: AwareDatetime


class SignedIn(Frozen):
    """A session that began: `id` goes into the cookie and is kept nowhere else."""

    id: SecretStr
    session: Session


class ExternalIdentity(Frozen):
    """Somebody at an identity provider, by what it gives to nobody else: `iss` and `sub` (OpenID Connect Core 1.0, 5.7)."""

    issuer: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(clean)]
    subject: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(clean)]


class Vouched(Frozen):
    """What an identity provider says of somebody, as the hub's settings read it.

    `name` is the account that is theirs when they sign in for the first time; where it is None, `unnamed` says why. `role`
    and `groups` replace those of the account, None leaves them. `joins_as` is the role of the account that is made where
    there is none; None: none is made.
    """

    identity: ExternalIdentity
    name: Person | None
    unnamed: str = ""
    role: Role | None = None
    groups: tuple[GroupName, ...] | None = None
    joins_as: Role | None = None


class PendingSignIn(Frozen):
    """A sign-in that was sent to an identity provider, and is expected back in the same browser.

    `state` comes back as it is, `nonce` in the ID token; `verifier` proves that who redeems the code began the sign-in
    (RFC 7636); `then` is where it leads.
    """

    state: Annotated[str, Field(min_length=16, max_length=128)]
    nonce: Annotated[str, Field(min_length=16, max_length=128)]
    verifier: Annotated[str, Field(min_length=43, max_length=128)]
    then: str


class BoundIdentity(Frozen):
    """That an account is somebody's at an identity provider."""

    identity: ExternalIdentity
    account: Person
    bound: AwareDatetime


class TokenPrincipal(Principal):
    """Somebody who showed a token; `token` is its id."""

    token: str


class Token(Frozen):
    """What is known of a token; not its secret."""

    id: str
    account: Person
    label: Label
    scopes: Scopes
    made: AwareDatetime
    expires: AwareDatetime
    used: AwareDatetime | None = None
    revoked: AwareDatetime | None = None


class MadeToken(Frozen):
    """A new token: `text` is what programs send, given this once."""

    text: SecretStr
    token: Token


class NewPassword(Frozen):
    """An account with a password that was made for it, given this once."""

    account: Account
    password: SecretStr


class Link(Frozen):
    """Where a link leads, and to whom it was sent. It lets nobody in and decides nothing."""

    gate: Annotated[str, Field(min_length=1, max_length=64)]
    person: Person
