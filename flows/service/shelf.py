"""The workflows that a workspace can start, each with its text and what is wrong with it: one bad file hides no other.

They are the files of the workflows folder, and what its people keep in the hub.
"""

from __future__ import annotations

from agents.contract.schema import Frozen
from flows.definition.library import read_text
from flows.definition.loader import Folder, load
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Workflow
from flows.errors import InvalidInputError
from flows.execution.agents import Agents
from flows.execution.library import all_kept, kept_named
from flows.reports import plan_svg
from flows.service.plan import plan
from flows.settings import Settings


class Shelved(Frozen):
    """A workflow. `workflow` is None where it has `problems`; `text` is empty where it cannot be read."""

    name: str
    text: str
    workflow: Workflow | None = None
    problems: tuple[Problem, ...] = ()


def names(settings: Settings, workspace: str) -> list[str]:
    """The names of all workflows that the workspace has, in order. Raises UnavailableError."""
    return sorted([*_files(settings), *(kept.name for kept in all_kept(settings, workspace))])


def shelved(name: str, settings: Settings, workspace: str) -> Shelved:
    """The workflow of that name, sound or not. Raises InvalidInputError where there is none: a path is no name.

    Raises UnavailableError.
    """
    if name in _files(settings):
        path = settings.workflows_dir / f"{name}.yaml"
        try:
            return _read(name, read_text(path), settings, workspace)
        except InvalidInputError as error:  # not readable, or not UTF-8
            return Shelved(name=name, text="", problems=(Problem(code="DY001", message=str(error), file=path.name),))
    kept = kept_named(name, settings)
    if kept is None or kept.workspace != workspace:
        known = names(settings, workspace)
        raise InvalidInputError(f"there is no workflow '{name}'. {did_you_mean(name, known)}")
    return _read(name, kept.text or "", settings, workspace)


def _files(settings: Settings) -> list[str]:
    return [path.stem for path in settings.workflows_dir.glob("*.yaml")]


def _read(name: str, text: str, settings: Settings, workspace: str) -> Shelved:
    try:
        definition = load(text, f"{name}.yaml", Agents(settings, workspace), Folder(settings.workflows_dir))
    except DefinitionError as error:
        return Shelved(name=name, text=text, problems=error.problems)
    return Shelved(name=name, text=text, workflow=definition.workflow)


def drawn(shelved: Shelved, settings: Settings, workspace: str) -> str | None:
    """The plan of a sound workflow as SVG; None for another."""
    if shelved.workflow is None:
        return None
    return plan_svg.render(
        plan(load(shelved.text, manifests=Agents(settings, workspace), library=Folder(settings.workflows_dir)), {})
    )
