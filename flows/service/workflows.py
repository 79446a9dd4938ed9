"""Workflows by name or file."""

from __future__ import annotations

from flows.definition.loader import Definition, Folder, find, load_file
from flows.execution.library import kept_named, loaded
from flows.settings import Settings


def named(name: str, settings: Settings) -> Definition:
    """The workflow of that name, or in that file. Raises InvalidInputError."""
    kept = kept_named(name, settings)
    if kept is not None and kept.text is not None:
        return loaded(kept.text, settings, f"{name}.yaml")
    return load_file(find(name, settings.workflows_dir), Folder(settings.workflows_dir))


def shipped(settings: Settings) -> list[Definition]:
    """Every workflow of the workflows folder. Raises DefinitionError for the first that cannot run."""
    folder = Folder(settings.workflows_dir)
    return [load_file(path, folder) for path in sorted(settings.workflows_dir.glob("*.yaml"))]
