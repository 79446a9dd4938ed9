"""Roles include those before them, and nothing gives a scope that the role lacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.accounts import Account, ForbiddenError, Principal, Role, Scope

ORDER = [Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN]


@given(st.sampled_from(ORDER), st.sampled_from(ORDER))
def test_a_role_includes_itself_and_those_before_it(one: Role, other: Role) -> None:
    assert one.includes(other) is (ORDER.index(one) >= ORDER.index(other))
    assert (one.scopes >= other.scopes) is one.includes(other)


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_names_the_least_role_that_has_it(scope: Scope) -> None:
    assert [role for role in ORDER if scope in role.scopes] == ORDER[ORDER.index(scope.role) :]


def test_who_only_looks_changes_nothing_and_only_approvers_decide() -> None:
    assert {scope.value.partition(":")[2] for scope in Role.VIEWER.scopes} == {"read"}
    assert Scope.APPROVALS_DECIDE not in Role.OPERATOR.scopes
    assert Role.ADMIN.scopes == frozenset(Scope)


def test_a_refusal_says_what_it_takes() -> None:
    account = Account(name="olga", role=Role.OPERATOR)
    Principal(account=account, scopes=account.role.scopes).require(Scope.RUNS_WRITE)
    with pytest.raises(ForbiddenError, match="olga has the role operator, and this takes at least approver: ask an admin"):
        Principal(account=account, scopes=account.role.scopes).require(Scope.APPROVALS_DECIDE)
    with pytest.raises(ForbiddenError, match="this token lacks the scope 'runs:write'"):
        Principal(account=account, scopes=frozenset({Scope.RUNS_READ})).require(Scope.RUNS_WRITE)
