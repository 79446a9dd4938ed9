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
    PatternError,
    ScopeError,
    TooManyAttemptsError,
    UnknownAccountError,
    UnknownTokenError,
    UnknownWorkspaceError,
    WrongCredentialsError,
)
from flows.accounts.links import Links
from flows.accounts.passwords import Passwords, random_password
from flows.accounts.roles import Role, Scope
from flows.accounts.schema import (
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
from flows.accounts.workspaces import Workspace, Workspaces
from flows.people import DEFAULT_WORKSPACE

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
    "PatternError",
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
    "UnknownWorkspaceError",
    "Workspace",
    "Workspaces",
    "WrongCredentialsError",
    "check_csrf",
    "random_password",
]
