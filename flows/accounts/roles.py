"""Roles and scopes: what a person may at most, and what a token may of that."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may, least first; each includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether who has this role may all that `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)

    @property
    def scopes(self) -> frozenset[Scope]:
        """All that this role may."""
        return frozenset(scope for scope, role in _NEEDED.items() if self.includes(role))


class Scope(StrEnum):
    """One thing that a door asks for; `<what>:<act>`."""

    AGENTS_READ = "agents:read"
    WORKFLOWS_READ = "workflows:read"
    RUNS_READ = "runs:read"
    APPROVALS_READ = "approvals:read"
    METRICS_READ = "metrics:read"
    RUNS_WRITE = "runs:write"
    WORKFLOWS_WRITE = "workflows:write"
    APPROVALS_DECIDE = "approvals:decide"
    AGENTS_WRITE = "agents:write"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"

    @property
    def role(self) -> Role:
        """The least role that has it."""
        return _NEEDED[self]


_NEEDED = {
    Scope.AGENTS_READ: Role.VIEWER,
    Scope.WORKFLOWS_READ: Role.VIEWER,
    Scope.RUNS_READ: Role.VIEWER,
    Scope.APPROVALS_READ: Role.VIEWER,
    Scope.METRICS_READ: Role.VIEWER,
    Scope.RUNS_WRITE: Role.OPERATOR,
    Scope.WORKFLOWS_WRITE: Role.OPERATOR,
    Scope.APPROVALS_DECIDE: Role.APPROVER,
    Scope.AGENTS_WRITE: Role.ADMIN,  # an agent's image is code that the hub starts
    Scope.ACCOUNTS_READ: Role.ADMIN,
    Scope.ACCOUNTS_WRITE: Role.ADMIN,
}
