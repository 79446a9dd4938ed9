"""Workspaces: which there are, and what is kept of what their runs may read."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from flows.accounts import Directory, PatternError, Role, UnknownWorkspaceError, Workspaces
from flows.accounts.schema import Account


def test_the_default_one_is_there_and_may_read_everything(store: Engine) -> None:
    (only,) = Workspaces(store).list()
    assert (only.name, only.repositories) == ("default", ("**",))
    assert Workspaces(store).get("default") == only


def test_one_that_an_account_makes_may_read_nothing_until_that_is_allowed(store: Engine) -> None:
    Directory(store).add(Account(name="ann", role=Role.ADMIN, workspace="blue"))
    known = Workspaces(store)
    assert known.get("blue").repositories == ()
    known.allow("blue", ["https://git.example.com/blue/**", "/srv/blue"])
    known.allow("blue", ["/srv/blue", "/srv/shared/*"])
    assert known.get("blue").repositories == ("/srv/blue", "/srv/shared/*", "https://git.example.com/blue/**")
    assert known.forbid("blue", ["/srv/blue"]).repositories == ("/srv/shared/*", "https://git.example.com/blue/**")
    assert [one.name for one in known.list()] == ["blue", "default"]


def test_the_default_one_can_be_kept_to_less(store: Engine) -> None:
    known = Workspaces(store)
    known.allow("default", ["/srv/**"])
    assert known.forbid("default", ["**"]).repositories == ("/srv/**",)
    assert known.get("default").repositories == ("/srv/**",)


def test_what_is_not_there_is_not_taken_away(store: Engine) -> None:
    known = Workspaces(store)
    with pytest.raises(UnknownWorkspaceError, match="no workspace 'blue'"):
        known.forbid("blue", ["/srv"])
    known.allow("blue", ["/srv/**"])
    with pytest.raises(PatternError, match="has no pattern '/other'"):
        known.forbid("blue", ["/srv/**", "/other"])
    assert known.get("blue").repositories == ("/srv/**",)


@pytest.mark.parametrize(
    "pattern", ["app", "*", "", "blue/**", "/", "/**", "https://**", "https://", "/srv/../etc/**", "ftp://x/y", "/srv\n/x"]
)
def test_a_pattern_that_means_less_than_it_seems_is_refused(store: Engine, pattern: str) -> None:
    with pytest.raises(PatternError):
        Workspaces(store).allow("blue", [pattern])
    assert [one.name for one in Workspaces(store).list()] == ["default"]


@pytest.mark.parametrize("name", ["", "Blue", "a b", "-a", "a" * 64, "a/b", "x@y"])
def test_a_name_that_no_tag_could_carry_is_refused(store: Engine, name: str) -> None:
    with pytest.raises(PatternError, match="small letters"):
        Workspaces(store).allow(name, ["/srv"])
