"""Workflows by name: where a `workflow:` node's text comes from, and loading what a workflow runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from flows.definition.definition import Definition
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Workflow
from flows.errors import InvalidInputError

MAX_NESTING = 8
"""Workflows within workflows: each is part of its tasks' names, and the number of nodes can double with each."""

Library: TypeAlias = Mapping[str, str]
"""The texts of workflows by name."""


class Folder(Mapping[str, str]):
    """The workflow files `NAME.yaml` of a folder, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> str:
        file = self._path / f"{name}.yaml"
        if "/" in name or "\0" in name or not file.is_file():
            raise KeyError(name)
        return read_text(file)

    def __iter__(self) -> Iterator[str]:
        return (file.stem for file in sorted(self._path.glob("*.yaml")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_text(path: Path) -> str:
    """A file's text. Raises InvalidInputError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: not UTF-8 text (byte {error.start}).") from error


class Subs:
    """Loads the workflows that a workflow's nodes name, each once."""

    def __init__(self, library: Library, load: Callable[[str, str, tuple[str, ...]], Definition]) -> None:
        self._library = library
        self._load = load
        self._known: dict[str, Definition | DefinitionError] = {}

    def of(
        self, document: Document, workflow: Workflow, above: tuple[str, ...]
    ) -> tuple[dict[str, Definition], list[Problem]]:
        """What the nodes of `workflow` run, by name, and what hinders it. `above` are the names on the way to it."""
        found: dict[str, Definition] = {}
        problems = []
        for place, name in _named(workflow):
            outcome = self._sub(name, above)
            if isinstance(outcome, Definition):
                found[name] = outcome
            else:
                message, hint = outcome
                problems.append(document.problem("DY018", message, place, hint))
        return found, problems

    def _sub(self, name: str, above: tuple[str, ...]) -> Definition | tuple[str, str | None]:
        if name in above:
            return f"the workflows run each other in a circle: {' → '.join([*above[above.index(name) :], name])}.", None
        if len(above) > MAX_NESTING:
            return f"the workflows are nested deeper than {MAX_NESTING} levels: {' → '.join([*above, name])}.", None
        if name not in self._known:
            try:
                text = self._library[name]
            except KeyError:
                return f"there is no workflow '{name}'.", did_you_mean(name, self._library)
            except InvalidInputError as error:
                return f"the workflow '{name}' cannot be read: {error}", None
            try:
                self._known[name] = self._load(text, f"{name}.yaml", (*above, name))
            except DefinitionError as error:
                self._known[name] = error
        known = self._known[name]
        if isinstance(known, Definition):
            return known
        more = len(known.problems) - 1
        return (
            f"'{name}' cannot run: {known.problems[0]}",
            f"It has {more} more problem{'s' if more > 1 else ''}." if more else None,
        )


def _named(workflow: Workflow) -> Iterator[tuple[Place, str]]:
    for key, nodes in (("nodes", workflow.nodes), ("finally", workflow.finally_)):
        for index, node in enumerate(nodes):
            if node.workflow is not None:
                yield (key, index, "workflow"), node.workflow
