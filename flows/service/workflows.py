"""Workflows by name or file."""

from __future__ import annotations

from flows.definition.loader import Definition, Folder, find, load, load_file
from flows.settings import Settings


def named(name: str, settings: Settings) -> Definition:
    """The workflow of that name, or in that file. Raises InvalidInputError."""
    return load_file(find(name, settings.workflows_dir), Folder(settings.workflows_dir))


def of_text(text: str, settings: Settings) -> Definition:
    """The workflow of that text. Raises DefinitionError."""
    return load(text, library=Folder(settings.workflows_dir))


def shipped(settings: Settings) -> list[Definition]:
    """Every workflow of the workflows folder. Raises DefinitionError for the first that cannot run."""
    folder = Folder(settings.workflows_dir)
    return [load_file(path, folder) for path in sorted(settings.workflows_dir.glob("*.yaml"))]
