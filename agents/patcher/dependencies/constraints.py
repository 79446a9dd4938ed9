"""Moving the version of a constraint, with its style kept: `^1.2` → `^1.3`, `>=1.2,<2` → `>=1.3,<2`.

Three dialects: requirements of Python (PEP 440), npm's ranges and Poetry's constraints. A constraint is moved when it has
exactly one version that stands for the wanted one; what bounds it from above is never changed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from agents.patcher.dependencies import npm_versions
from agents.patcher.edits import Edit, apply


class Dialect(Enum):
    """Whose constraints are read."""

    PEP440 = "Python"
    NPM = "npm"
    POETRY = "Poetry"


Order = Version | npm_versions.Order
"""What versions of one dialect are compared by."""


@dataclass(frozen=True)
class Clause:
    """One comparison of a constraint; `start` and `end` are the span of its version."""

    operator: str
    version: str
    start: int
    end: int


@dataclass(frozen=True)
class Refusal:
    """Why a constraint stays as it is, as the end of a sentence."""

    reason: str


_CLAUSE = re.compile(r"(?P<op>===|==|~=|!=|<=|>=|~>|<|>|\^|~|=|)\s*(?P<version>v?[0-9*xX][^\s,|]*)")
_SEPARATOR = {
    Dialect.PEP440: re.compile(r"\s*,\s*"),
    Dialect.NPM: re.compile(r"\s+"),
    Dialect.POETRY: re.compile(r"\s*,\s*|\s+"),
}
_OPERATORS = {
    Dialect.PEP440: {"===", "==", "~=", "!=", "<=", ">=", "<", ">"},
    Dialect.NPM: {"", "=", "^", "~", "~>", ">=", ">", "<", "<="},
    Dialect.POETRY: {"", "=", "==", "^", "~", "~=", "!=", "<=", ">=", "<", ">"},
}
_MOVED = {"", "=", "==", "===", "^", "~", "~>", "~=", ">="}
_BOUNDS: dict[str, Callable[[Order, Order], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt}
_RELEASE = re.compile(r"\d+(?:\.\d+)*")
_WILD = re.compile(r"((?:\d+\.)*)([*xX])(\.[*xX])*")


def move(constraint: str, version: str, dialect: Dialect) -> Edit | Refusal:
    """The edit of `constraint` that lets it stand for `version`; one that changes nothing when it does already."""
    if _order(version, dialect) is None:
        return Refusal(f"{version} is not a version that {dialect.value} knows")
    if "||" in constraint or (dialect is Dialect.NPM and " - " in constraint):
        return Refusal(f"`{constraint}` is a choice of ranges, and which one is meant is not certain")
    clause = _chosen(constraint, list(_clauses(constraint, dialect)), version, dialect)
    if isinstance(clause, Refusal):
        return clause
    if "+" in clause.version and "+" not in version and dialect is not Dialect.NPM:
        return Refusal(f"`{constraint}` names a build of its own (`+…`), and {version} does not say which")
    if not _RELEASE.fullmatch(version) and (_WILD.fullmatch(clause.version) or _is_range(clause, dialect)):
        return Refusal(f"`{constraint}` has no place for {version}, which is more than a release; change it by hand")
    edit = Edit(clause.start, clause.end, _shaped(clause, version, dialect))
    return _checked(constraint, edit, version, dialect)


def _chosen(constraint: str, clauses: list[Clause], version: str, dialect: Dialect) -> Clause | Refusal:
    """The clause whose version is to move."""
    if not clauses:
        loose = not constraint.strip() or constraint.strip() in {"*", "x", "X", "latest"}
        return Refusal("any version is allowed, none is named" if loose else f"`{constraint}` is not a version constraint")
    for clause in clauses:
        if reason := _bounded(clause, version, dialect):
            return Refusal(f"`{constraint}` {reason}")
    moved = [clause for clause in clauses if clause.operator in _MOVED]
    if not moved:
        return Refusal(f"`{constraint}` names no version to move, and allows {version} as it is")
    if len(moved) > 1:
        return Refusal(f"`{constraint}` names several versions, and which one is meant is not certain")
    return moved[0]


def _clauses(constraint: str, dialect: Dialect) -> Iterator[Clause]:
    """The comparisons of `constraint`; none when any of it is something else."""
    found, position = [], len(constraint) - len(constraint.lstrip())
    end = len(constraint.rstrip())
    while position < end:
        match = _CLAUSE.match(constraint, position, end)
        if match is None or match["op"] not in _OPERATORS[dialect]:
            return
        prefix = 1 if match["version"].startswith("v") else 0
        bare = match["version"][prefix:]
        if bare in {"*", "x", "X"} or (not _WILD.fullmatch(bare) and _order(bare, dialect) is None):
            return
        found.append(Clause(match["op"], bare, match.start("version") + prefix, match.end("version")))
        gap = _SEPARATOR[dialect].match(constraint, match.end())
        if match.end() < end and gap is None:
            return
        position = gap.end() if gap else match.end()
    yield from found


def _bounded(clause: Clause, version: str, dialect: Dialect) -> str | None:
    """Why the clause, which stays, keeps `version` out."""
    wanted = _order(version, dialect)
    if clause.operator == "!=":
        return f"excludes {version}" if _order(clause.version, dialect) == wanted else None
    plain = _WILD.sub(lambda wild: wild[1].rstrip(".") or "0", clause.version)
    bound = _order(plain, dialect)
    if dialect is Dialect.NPM and clause.operator in {"<=", ">"}:
        # npm's `<=1.2` allows 1.2.9, and `>1.2` does not: only the parts that are there count.
        wanted = _order(".".join(version.split(".")[: plain.count(".") + 1]), dialect) if plain.count(".") < 2 else wanted
    if clause.operator not in _BOUNDS or bound is None or wanted is None or _BOUNDS[clause.operator](wanted, bound):
        return None
    return f"keeps {version} out; change it by hand"


def _shaped(clause: Clause, version: str, dialect: Dialect) -> str:
    """`version` written as the clause writes its own: as many parts, unless that would lose something."""
    if clause.operator == "===":
        return version  # compared as text
    wild = _WILD.fullmatch(clause.version)
    release = _RELEASE.match(version)
    parts = release[0].split(".") if release else []
    if wild:
        kept = wild[1].count(".")
        padded = [*parts, *["0"] * kept][:kept]
        return ".".join([*padded, clause.version[wild.end(1) :]])
    old = clause.version.split(".")
    if _is_range(clause, dialect):
        return ".".join([*parts, *["0"] * len(old)][: len(old)])
    if release is None or release[0] != version or not _RELEASE.fullmatch(clause.version):
        # An epoch, a pre-release, a local part: it means nothing without all of its parts.
        return version if len(parts) >= 3 or dialect is Dialect.PEP440 else _full(version)
    while len(parts) > len(old) and parts[-1] == "0":
        parts.pop()
    return ".".join([*parts, *["0"] * (len(old) - len(parts))])


def _is_range(clause: Clause, dialect: Dialect) -> bool:
    """Whether the number of the version's parts says how far the range goes."""
    if not _RELEASE.fullmatch(clause.version):
        return clause.operator == "~="
    parts = clause.version.split(".")
    if clause.operator == "~=":
        return True
    if clause.operator in {"", "="}:
        return dialect is Dialect.NPM and len(parts) < 3
    if clause.operator in {"~", "~>"}:
        return len(parts) == 1
    return clause.operator == "^" and len(parts) < 3 and set(parts) == {"0"}


def _full(version: str) -> str:
    """npm's and Poetry's versions in three parts; others as they are."""
    return version + ".0" * (2 - version.count(".")) if _RELEASE.fullmatch(version) else version


def _checked(constraint: str, edit: Edit, version: str, dialect: Dialect) -> Edit | Refusal:
    """The edit, unless what it makes keeps `version` out, as a truncated pre-release does."""
    if dialect is not Dialect.PEP440:
        return edit
    moved = apply(constraint, [edit])
    try:
        fits = SpecifierSet(moved).contains(version, prereleases=True)
    except InvalidSpecifier:
        fits = False
    return edit if fits else Refusal(f"`{constraint}` cannot be moved to {version} in its own style; change it by hand")


def _order(version: str, dialect: Dialect) -> Order | None:
    if dialect is Dialect.NPM:
        return npm_versions.order(version)
    try:
        return Version(version)
    except InvalidVersion:
        return None
