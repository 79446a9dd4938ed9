"""Workspaces: tenants of one hub, each with the repositories that its runs may read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from sqlalchemy import Connection, Engine, select

from agents.contract.schema import Frozen
from flows.accounts.errors import PatternError, UnknownWorkspaceError
from flows.people import DEFAULT_WORKSPACE, WorkspaceName, clean
from flows.store import read, write
from flows.store.tables import workspaces

ANY = "**"
"""The pattern of every repository that the hub can read."""
_BEGINNINGS = ("/", "https://", "http://", "ssh://", "git://")
_MAX_PATTERN = 500


def _pattern(text: str) -> str:
    found = clean(text.strip())
    rest = next((found.removeprefix(start) for start in _BEGINNINGS if found.startswith(start)), "")
    if found != ANY and not rest.strip("/*"):
        hint = f"write a whole path, a URL such as https://git.example.com/team/**, or {ANY}"
        raise ValueError(f"'{text}' is no pattern: {hint}")
    if len(found) > _MAX_PATTERN or any(part in ("..", ".") for part in found.split("/")):
        raise ValueError(f"a pattern has up to {_MAX_PATTERN} characters and no '..' in it")
    return found


def _in_order(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(patterns)))


class Workspace(Frozen):
    """A tenant. `repositories`: patterns as in a policy's paths, of folders by their whole path and of URLs."""

    name: WorkspaceName
    repositories: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], AfterValidator(_in_order)] = ()


class Workspaces:
    """The workspaces of one database. Every method raises UnavailableError where the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> tuple[Workspace, ...]:
        """All of them, by name; the default one is always among them."""

        def work(connection: Connection) -> dict[str, Workspace]:
            rows = connection.execute(select(workspaces)).mappings()
            return {row["name"]: _of(row) for row in rows}

        found = read(self._engine, work)
        return tuple(one for _, one in sorted({DEFAULT_WORKSPACE: new(DEFAULT_WORKSPACE), **found}.items()))

    def get(self, name: str) -> Workspace:
        """One of them. Raises UnknownWorkspaceError."""
        return read(self._engine, lambda connection: _known(connection, name))

    def allow(self, name: str, patterns: Iterable[str]) -> Workspace:
        """Let its runs read what fits these patterns, too; a workspace that is not there is made. Raises PatternError."""
        return self._change(name, lambda before: (*before, *patterns), makes=True)

    def forbid(self, name: str, patterns: Iterable[str]) -> Workspace:
        """Take patterns away. Raises UnknownWorkspaceError, PatternError for one that it has not."""
        gone = {*patterns}

        def less(before: tuple[str, ...]) -> tuple[str, ...]:
            if missing := gone - {*before}:
                raise PatternError(f"the workspace '{name}' has no pattern '{min(missing)}'")
            return tuple(pattern for pattern in before if pattern not in gone)

        return self._change(name, less, makes=False)

    def _change(self, name: str, change: Any, *, makes: bool) -> Workspace:
        def work(connection: Connection) -> Workspace:
            try:
                before = _known(connection, name)
            except UnknownWorkspaceError:
                if not makes:
                    raise
                before = _made(name)
            after = _made(name, change(before.repositories))
            ensure(connection, after.name)
            row = {"repositories": json.dumps(after.repositories)}
            connection.execute(workspaces.update().where(workspaces.c.name == after.name).values(row))
            return after

        return write(self._engine, work)


def new(name: str) -> Workspace:
    """A workspace as it is made: the default one may read all that the hub can, another nothing until that is allowed."""
    return Workspace(name=name, repositories=(ANY,) if name == DEFAULT_WORKSPACE else ())


def ensure(connection: Connection, name: str) -> None:
    """Make the workspace where it is not there. The connection must be one of `write`."""
    there = select(workspaces.c.name).where(workspaces.c.name == name)
    if connection.execute(there).one_or_none() is None:
        row = {"name": name, "repositories": json.dumps(new(name).repositories)}
        connection.execute(workspaces.insert().values(row))


def _known(connection: Connection, name: str) -> Workspace:
    row = connection.execute(select(workspaces).where(workspaces.c.name == name)).mappings().one_or_none()
    if row is not None:
        return _of(row)
    if name == DEFAULT_WORKSPACE:
        return new(name)
    raise UnknownWorkspaceError(f"there is no workspace '{name[:63]}'; `dockyard workspaces list` shows what there is")


def _of(row: Mapping[Any, Any]) -> Workspace:
    return Workspace(name=row["name"], repositories=tuple(json.loads(row["repositories"])))


def _made(name: str, patterns: Iterable[str] = ()) -> Workspace:
    try:
        return Workspace(name=name, repositories=tuple(patterns))
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"][0] == "name":
            raise PatternError("a workspace's name has 1 to 63 small letters, digits and inner dashes") from error
        raise PatternError(str(first["msg"]).removeprefix("Value error, ")) from error
