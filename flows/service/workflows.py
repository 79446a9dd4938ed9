"""Workflow files: checking them."""

from __future__ import annotations

from pathlib import Path

from flows.definition.loader import Definition, find, load_file
from flows.definition.problems import DefinitionError, Problem
from flows.settings import Settings


def lint(path: Path) -> tuple[Problem, ...]:
    """Every problem of a workflow file, none when it can run. Raises InvalidInputError when unreadable."""
    try:
        load_file(path)
    except DefinitionError as error:
        return error.problems
    return ()


def named(name: str, settings: Settings) -> Definition:
    """The workflow of that name, or in that file. Raises InvalidInputError."""
    return load_file(find(name, settings.workflows_dir))


def check_named(name: str, settings: Settings) -> None:
    """Raises InvalidInputError unless `name` is a workflow that can run."""
    named(name, settings)


def shipped(settings: Settings) -> list[Definition]:
    """Every workflow of the workflows folder. Raises DefinitionError for the first that cannot run."""
    return [load_file(path) for path in sorted(settings.workflows_dir.glob("*.yaml"))]
