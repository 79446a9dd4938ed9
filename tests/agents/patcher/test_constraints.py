"""Moving the version of a constraint with its style kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from agents.patcher.dependencies import npm_versions
from agents.patcher.dependencies.constraints import Dialect, Refusal, move
from agents.patcher.edits import Edit, apply


def moved(constraint: str, version: str, dialect: Dialect) -> str:
    found = move(constraint, version, dialect)
    assert isinstance(found, Edit), found
    return apply(constraint, [found])


def refused(constraint: str, version: str, dialect: Dialect) -> str:
    found = move(constraint, version, dialect)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    ("constraint", "version", "wanted"),
    [
        ("^1.2", "1.3.0", "^1.3"),
        ("^1.2", "1.3.5", "^1.3.5"),
        ("^1.2.3", "1.3", "^1.3.0"),
        ("~1.2.3", "1.3.5", "~1.3.5"),
        ("1.2.3", "2.0.0", "2.0.0"),
        ("v1.2.3", "1.2.4", "v1.2.4"),
        ("=1.2.3", "1.2.4", "=1.2.4"),
        (">=1.2.3 <2.0.0", "1.9.1", ">=1.9.1 <2.0.0"),
        (">= 1.2.3  < 2", "1.9.1", ">= 1.9.1  < 2"),
        ("1.x", "2.3.4", "2.x"),
        ("1.2.*", "2.3.4", "2.3.*"),
        ("1", "2.3.4", "2"),
        ("1.2", "2.3.4", "2.3"),
        ("~1", "2.3.4", "~2"),
        ("^0", "0.3.4", "^0"),
        ("^1.0.0-beta.2", "1.0.0", "^1.0.0"),
        ("^1.2.3", "2.0.0-rc.1+build.5", "^2.0.0-rc.1+build.5"),
        (" ^1.2.3 ", "1.2.4", " ^1.2.4 "),
        ("<=1.9 >=1.2.0", "1.9.7", "<=1.9 >=1.9.7"),
    ],
)
def test_npm_ranges_keep_their_style(constraint: str, version: str, wanted: str) -> None:
    assert moved(constraint, version, Dialect.NPM) == wanted


@pytest.mark.parametrize(
    ("constraint", "version", "wanted"),
    [
        ("==1.2.3", "1.3.0", "==1.3.0"),
        ("== 1.2", "1.3.0", "== 1.3"),
        (">=1.2,<2", "1.3.5", ">=1.3.5,<2"),
        ("<2, >=1.2", "1.3", "<2, >=1.3"),
        ("~=1.2", "1.3.5", "~=1.3"),
        ("~=1.2.3", "1.3", "~=1.3.0"),
        ("==1.2.*", "1.3.5", "==1.3.*"),
        ("===1.2", "1.3.0", "===1.3.0"),
        ("!=1.2.5,>=1.2", "1.2.6", "!=1.2.5,>=1.2.6"),
        ("==1!1.2", "1!1.3", "==1!1.3"),
        (">=1.0", "2.0.0rc1", ">=2.0.0rc1"),
        ("==2.1+cpu", "2.2+cpu", "==2.2+cpu"),
    ],
)
def test_python_specifiers_keep_their_style(constraint: str, version: str, wanted: str) -> None:
    assert moved(constraint, version, Dialect.PEP440) == wanted


@pytest.mark.parametrize(
    ("constraint", "wanted"),
    [("^1.2", "^1.3.5"), ("~1.2", "~1.3.5"), ("1.2", "1.3.5"), ("1.2.*", "1.3.*"), (">=1.2,<2.0", ">=1.3.5,<2.0")],
)
def test_poetrys_constraints_keep_their_style(constraint: str, wanted: str) -> None:
    assert moved(constraint, "1.3.5", Dialect.POETRY) == wanted


@pytest.mark.parametrize(
    ("constraint", "version", "dialect", "words"),
    [
        (">=1.2,<2", "2.0", Dialect.PEP440, "keeps 2.0 out"),
        ("<=1.2", "1.3", Dialect.PEP440, "keeps 1.3 out"),
        ("!=1.3,>=1", "1.3", Dialect.PEP440, "excludes 1.3"),
        ("<2", "1.3", Dialect.PEP440, "names no version to move"),
        (">1.0", "1.3", Dialect.PEP440, "names no version to move"),
        ("", "1.3", Dialect.PEP440, "any version is allowed"),
        ("==1.0+cpu", "1.3", Dialect.PEP440, "build of its own"),
        (">=1,>=2", "3", Dialect.PEP440, "several versions"),
        ("~=1.2", "2.0rc1", Dialect.PEP440, "more than a release"),
        ("==1.0", "not.a.version", Dialect.PEP440, "is not a version that Python knows"),
        (">=1.2.3 <2.0.0", "2.0.0", Dialect.NPM, "keeps 2.0.0 out"),
        ("<=1.2 >=1.0.0", "1.3.0", Dialect.NPM, "keeps 1.3.0 out"),
        (">1.2", "1.2.9", Dialect.NPM, "keeps 1.2.9 out"),
        ("1.2.3 - 2.0.0", "1.3.0", Dialect.NPM, "choice of ranges"),
        ("^1 || ^2", "1.3.0", Dialect.NPM, "choice of ranges"),
        ("*", "1.3.0", Dialect.NPM, "any version is allowed"),
        ("latest", "1.3.0", Dialect.NPM, "any version is allowed"),
        ("next", "1.3.0", Dialect.NPM, "not a version constraint"),
        ("^1.2.3", "1.2.3rc1", Dialect.NPM, "is not a version that npm knows"),
        ("1.x", "2.0.0-rc.1", Dialect.NPM, "more than a release"),
        ("^1.2, oops", "1.3", Dialect.POETRY, "not a version constraint"),
    ],
)
def test_what_cannot_be_moved_safely_stays(constraint: str, version: str, dialect: Dialect, words: str) -> None:
    assert words in refused(constraint, version, dialect)


NUMBERS = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@settings(deadline=None)
@given(
    NUMBERS, NUMBERS, st.sampled_from(["==", ">=", "~=", "===", "== ", ">= "]), st.sampled_from(["", ",<1000", " , != 500"])
)
def test_a_moved_specifier_holds_the_version_and_moves_back(old: str, new: str, operator: str, rest: str) -> None:
    constraint = f"{operator}{old}{rest}"
    found = move(constraint, new, Dialect.PEP440)
    if isinstance(found, Refusal):
        assert (operator, "." in old) == ("~=", False)
        return
    after = apply(constraint, [found])
    assert SpecifierSet(after).contains(new, prereleases=True)
    assert apply(after, [Edit(found.start, found.start + len(found.new), old)]) == constraint


@settings(deadline=None)
@given(NUMBERS, st.text(max_size=12))
def test_any_constraint_is_moved_or_refused(version: str, constraint: str) -> None:
    for dialect in Dialect:
        found = move(constraint, version, dialect)
        if isinstance(found, Edit):
            assert 0 <= found.start <= found.end <= len(constraint)


def test_npms_order_is_semvers() -> None:
    # https://semver.org/#spec-item-11
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    ordered += ["1.0.1", "1.2", "1.10", "2"]
    orders = [order for version in ordered if (order := npm_versions.order(version)) is not None]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(ordered)
    assert npm_versions.order("1.2.x") is None
