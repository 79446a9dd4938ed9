"""Workflows by name, wherever they are: in the workflows folder, else kept in the hub's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.contract.manifest import Manifest
from flows.definition.library import Folder, read_text
from flows.definition.loader import Definition, find, is_name, load
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.store import Kept


def text_of(name: str, settings: Settings, workspace: str) -> str:
    """The text of the workflow that a workspace knows by that name. Raises InvalidInputError, UnavailableError."""
    kept = kept_named(name, settings)
    if kept is not None and kept.workspace != workspace:
        kept = None  # somebody else's: to this one it is not there
    return read_text(find(name, settings.workflows_dir)) if kept is None else kept.text or ""


def kept_named(name: str, settings: Settings) -> Kept | None:
    """The kept workflow of that name; None where there is none, or a file has the name, which then counts.

    Raises UnavailableError.
    """
    if not is_name(name) or name in Folder(settings.workflows_dir):
        return None
    from flows.store import is_made, newest_of, open_store, read  # what is in a file needs no database

    if not is_made(settings):
        return None
    found = read(open_store(settings), lambda connection: newest_of(connection, name))
    return None if found is None or found.text is None else found


def all_kept(settings: Settings, workspace: str | None = None) -> tuple[Kept, ...]:
    """The kept workflows whose name no file has, all or those of a workspace, by name. Raises UnavailableError."""
    from flows.store import is_made, kept_workflows, open_store, read

    if not is_made(settings):
        return ()
    found = read(open_store(settings), kept_workflows)
    files = Folder(settings.workflows_dir)
    return tuple(kept for kept in found if kept.name not in files and workspace in (None, kept.workspace))


def loaded(text: str, agents: Mapping[str, Manifest], settings: Settings, file: str = "workflow.yaml") -> Definition:
    """The workflow of that text, with these agents. Raises DefinitionError.

    What it runs by name is in the workflows folder: a text that somebody else can change would have two authors.
    """
    return load(text, file, agents, Folder(settings.workflows_dir))
