"""The workflows of the workflows folder, each with its text and what is wrong with it: one bad file hides no other."""

from __future__ import annotations

from pathlib import Path

from agents.contract.schema import Frozen
from flows.definition.library import read_text
from flows.definition.loader import Folder, load
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Workflow
from flows.errors import InvalidInputError
from flows.reports import plan_svg
from flows.service.plan import plan
from flows.settings import Settings


class Shelved(Frozen):
    """A workflow file. `workflow` is None where it has `problems`; `text` is empty where it cannot be read."""

    name: str
    text: str
    workflow: Workflow | None = None
    problems: tuple[Problem, ...] = ()


def names(settings: Settings) -> list[str]:
    """The names of all workflow files, in order."""
    return sorted(path.stem for path in settings.workflows_dir.glob("*.yaml"))


def shelved(name: str, settings: Settings) -> Shelved:
    """The workflow of that name, sound or not. Raises InvalidInputError where the folder has none: a path is no name."""
    known = names(settings)
    if name not in known:
        raise InvalidInputError(f"there is no workflow '{name}'. {did_you_mean(name, known)}")
    path = settings.workflows_dir / f"{name}.yaml"
    try:
        return _read(name, path, settings)
    except InvalidInputError as error:  # not readable, or not UTF-8
        return Shelved(name=name, text="", problems=(Problem(code="DY001", message=str(error), file=path.name),))


def _read(name: str, path: Path, settings: Settings) -> Shelved:
    text = read_text(path)
    try:
        definition = load(text, path.name, library=Folder(settings.workflows_dir))
    except DefinitionError as error:
        return Shelved(name=name, text=text, problems=error.problems)
    return Shelved(name=name, text=text, workflow=definition.workflow)


def drawn(shelved: Shelved, settings: Settings) -> str | None:
    """The plan of a sound workflow as SVG; None for another."""
    if shelved.workflow is None:
        return None
    return plan_svg.render(plan(load(shelved.text, library=Folder(settings.workflows_dir)), {}))
