"""pyproject.toml: the tables of PEP 621, 518 and 735, and Poetry's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name

from agents.patcher.configuration.toml_spans import Span, TomlPath, spans
from agents.patcher.dependencies.constraints import Dialect, Refusal, move
from agents.patcher.dependencies.interface import Place, UnreadableManifestError
from agents.patcher.dependencies.requirement import move_requirement, name_of
from agents.patcher.edits import Edit
from agents.patcher.schema import DependencyUpdate


def places(text: str, update: DependencyUpdate) -> list[Place]:
    """Every entry of `text` that names the update's dependency. Raises UnreadableManifestError."""
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UnreadableManifestError(str(error)) from error
    except RecursionError as error:
        raise UnreadableManifestError("it is nested too deeply") from error
    where = spans(text)
    wanted = canonicalize_name(update.name)
    found = []
    for path, value in _requirements(document):
        if isinstance(value, str) and name_of(value) == wanted:
            found.append(_place(text, where, path, value, move_requirement(value, update)))
    for path, name, value in _poetry(document):
        if canonicalize_name(name) == wanted:
            found += [_poetry_place(text, where, *entry, update) for entry in _constraints(path, value)]
    return sorted(found, key=lambda place: place.start or 0)


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(path: TomlPath, value: object) -> Iterator[tuple[TomlPath, object]]:
    if isinstance(value, list):
        yield from (((*path, index), item) for index, item in enumerate(value))


def _requirements(document: Mapping[str, object]) -> Iterator[tuple[TomlPath, object]]:
    build, project = _table(document.get("build-system")), _table(document.get("project"))
    yield from _list(("build-system", "requires"), build.get("requires"))
    yield from _list(("project", "dependencies"), project.get("dependencies"))
    for extra, value in _table(project.get("optional-dependencies")).items():
        yield from _list(("project", "optional-dependencies", extra), value)
    for group, value in _table(document.get("dependency-groups")).items():
        yield from _list(("dependency-groups", group), value)


def _poetry(document: Mapping[str, object]) -> Iterator[tuple[TomlPath, str, object]]:
    poetry = _table(_table(document.get("tool")).get("poetry"))
    tables: list[tuple[TomlPath, object]] = [((key,), poetry.get(key)) for key in ("dependencies", "dev-dependencies")]
    for group, value in _table(poetry.get("group")).items():
        tables.append((("group", group, "dependencies"), _table(value).get("dependencies")))
    for path, table in tables:
        for name, value in _table(table).items():
            yield ("tool", "poetry", *path, name), name, value


def _constraints(path: TomlPath, value: object) -> Iterator[tuple[TomlPath, object]]:
    """A dependency of Poetry is a constraint, a table with a `version`, or a list of such tables."""
    for each, entry in list(_list(path, value)) or [(path, value)]:
        if isinstance(entry, Mapping) and "version" in entry:
            yield (*each, "version"), entry["version"]
        else:
            yield each, entry


Places = Mapping[TomlPath, Span]


def _poetry_place(text: str, where: Places, path: TomlPath, value: object, update: DependencyUpdate) -> Place:
    if isinstance(value, str):
        return _place(text, where, path, value, move(value, update.version, Dialect.POETRY))
    reason = "it comes from an address or a folder, not from an index by its version"
    return _place(text, where, path, "", Refusal(reason))


def _place(text: str, where: Places, path: TomlPath, value: str, moved: Edit | Refusal) -> Place:
    what = ".".join(part for part in path if isinstance(part, str))
    # A table with a header of its own has no span: its name is shown without a line.
    span = where.get(path)
    start = span.start + 1 if span else None
    if isinstance(moved, Refusal):
        return Place(what, start, value, reason=moved.reason)
    if span is None or start is None or text[start : span.end - 1] != value:
        return Place(what, start, value, reason="it is not written as a plain string; change it by hand")
    return Place(what, start, value, moved.moved(start))
