"""Workflows by name or file."""

from __future__ import annotations

from flows.definition.loader import Definition, Folder, find, load_file
from flows.execution.agents import Agents
from flows.execution.library import kept_named, loaded
from flows.people import DEFAULT_WORKSPACE
from flows.settings import Settings


def named(name: str, settings: Settings, workspace: str | None = None) -> Definition:
    """The workflow of that name, or in that file, with the agents of the workspace. Raises InvalidInputError.

    Without `workspace` it is that of a kept workflow, else the default one.
    """
    kept = kept_named(name, settings)
    if kept is not None and workspace not in (None, kept.workspace):
        kept = None  # somebody else's: to this one it is not there
    agents = Agents(settings, workspace or (DEFAULT_WORKSPACE if kept is None else kept.workspace))
    if kept is not None and kept.text is not None:
        return loaded(kept.text, agents, settings, f"{name}.yaml")
    return load_file(find(name, settings.workflows_dir), Folder(settings.workflows_dir), agents)


def shipped(settings: Settings, workspace: str = DEFAULT_WORKSPACE) -> list[Definition]:
    """Every workflow of the workflows folder, with the agents of the workspace.

    Raises DefinitionError for the first that cannot run.
    """
    folder, agents = Folder(settings.workflows_dir), Agents(settings, workspace)
    return [load_file(path, folder, agents) for path in sorted(settings.workflows_dir.glob("*.yaml"))]
