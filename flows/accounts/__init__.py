"""Who may do what: people, their roles, and how they prove who they are. The policy alone says who may approve what."""

from flows.accounts.arrivals import Arrivals
from flows.accounts.directory import Directory
from flows.accounts.errors import (
    AccountError,
    AccountExistsError,
    ForbiddenError,
    ForeignLinkError,
    ForgedRequestError,
    LastAdminError,
    LinkError,
    LinkExpiredError,
    LinkUsedError,
    NotSignedInError,
    PasswordError,
    ScopeError,
    TooManyAttemptsError,
    UnknownAccountError,
    UnknownTokenError,
    WrongCredentialsError,
)
from flows.accounts.links import Links
from flows.accounts.passwords import Passwords, random_password
from flows.accounts.roles import Role, Scope
from flows.accounts.schema import (
    DEFAULT_WORKSPACE,
    Account,
    Link,
    MadeToken,
    NewPassword,
    Principal,
    Session,
    SignedIn,
    Token,
    TokenPrincipal,
)
from flows.accounts.sessions import Sessions, check_csrf
from flows.accounts.sign_in import SignIn
from flows.accounts.tokens import Tokens

__all__ = [
    "DEFAULT_WORKSPACE",
    "Account",
    "AccountError",
    "AccountExistsError",
    "Arrivals",
    "Directory",
    "ForbiddenError",
    "ForeignLinkError",
    "ForgedRequestError",
    "LastAdminError",
    "Link",
    "LinkError",
    "LinkExpiredError",
    "LinkUsedError",
    "Links",
    "MadeToken",
    "NewPassword",
    "NotSignedInError",
    "PasswordError",
    "Passwords",
    "Principal",
    "Role",
    "Scope",
    "ScopeError",
    "Session",
    "Sessions",
    "SignIn",
    "SignedIn",
    "Token",
    "TokenPrincipal",
    "Tokens",
    "TooManyAttemptsError",
    "UnknownAccountError",
    "UnknownTokenError",
    "WrongCredentialsError",
    "check_csrf",
    "random_password",
]
