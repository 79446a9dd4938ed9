"""What accounts refuse with; an exception's text is what a person reads."""

from __future__ import annotations

from flows.errors import DockyardError, InvalidInputError


class AccountError(DockyardError):
    """Base of everything that is refused about people and what they may."""


class NotSignedInError(AccountError):
    """Nobody is known by this session or token, or not any more."""


class WrongCredentialsError(NotSignedInError):
    """Name and password do not let anybody in; why is never said."""


class UnknownPersonError(NotSignedInError):
    """An identity provider knows who it is, and no account here is theirs."""


class ForeignIdentityError(NotSignedInError):
    """The account belongs to somebody else at the identity provider."""


class DisabledAccountError(NotSignedInError):
    """Who they are is proven, and their account is disabled."""


class StaleSignInError(NotSignedInError):
    """What came back from an identity provider belongs to no sign-in that this browser has begun and not ended."""


class IdentityBoundError(AccountError, InvalidInputError):
    """The account, or the identity, is bound already."""


class TooManyAttemptsError(AccountError):
    """Too many sign-ins under this name failed; `retry_after` seconds from now another may be tried."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"too many failed sign-ins under this name; try again in {retry_after} s")


class ForbiddenError(AccountError):
    """Who asks is known, and may not do this."""


class ForgedRequestError(ForbiddenError):
    """A request that changes something came without its session's CSRF token."""


class LastAdminError(AccountError):
    """Afterwards nobody could manage the workspace."""


class AccountExistsError(AccountError, InvalidInputError):
    """The name is taken."""


class UnknownAccountError(AccountError, InvalidInputError):
    """Nobody has that name, or nobody whom the asking person may know of."""


class UnknownTokenError(AccountError, InvalidInputError):
    """No token has that id, or none whom the asking person may know of."""


class UnknownWorkspaceError(AccountError, InvalidInputError):
    """No workspace has that name."""


class PatternError(AccountError, InvalidInputError):
    """What a workspace may read was not said in a way that can be kept."""


class PasswordError(AccountError, InvalidInputError):
    """A password that nobody should have."""


class ScopeError(AccountError, InvalidInputError):
    """A token would get a scope that its owner's role does not have."""


class LinkError(AccountError, InvalidInputError):
    """The link leads nowhere: it was not signed here, or is no link at all. `gate` where one is named."""

    def __init__(self, message: str, gate: str | None = None) -> None:
        self.gate = gate
        super().__init__(message)


class LinkExpiredError(LinkError):
    """Its time is over."""


class LinkUsedError(LinkError):
    """It was opened before."""


class ForeignLinkError(LinkError):
    """It was sent to somebody else."""
