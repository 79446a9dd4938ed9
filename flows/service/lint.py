"""Checking many workflow files at once: files, folders of them, standard input."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.definition.library import Folder, Library, read_text
from flows.definition.loader import load
from flows.definition.problems import DefinitionError, Problem
from flows.errors import InvalidInputError
from flows.execution.agents import Agents
from flows.people import DEFAULT_WORKSPACE
from flows.reports.lint_formats import Linted
from flows.settings import Settings

__all__ = ["STDIN", "DefinitionError", "Linted", "Problem", "lint_files"]

STDIN = "-"
"""The name that means standard input."""
STDIN_SHOWN = "stdin.yaml"
"""What a problem in standard input names as its file."""


def lint_files(
    targets: Sequence[str], settings: Settings, *, stdin: str | None = None, workspace: str = DEFAULT_WORKSPACE
) -> Linted:
    """Every problem of all `targets`: files, folders (every *.yaml and *.yml below), or `-` for the text `stdin`.

    What cannot be read is told and does not stop the others. Workflows that they run are those of the workflows folder,
    agents those of the workspace.
    """
    library, agents = Folder(settings.workflows_dir), Agents(settings, workspace)
    files = 0
    problems: list[Problem] = []
    unread: list[Problem] = []
    for name, text in _texts(targets, stdin):
        if isinstance(text, InvalidInputError):
            reason = str(text).removeprefix(f"{name}: ")
            unread.append(Problem(code="DY001", message=reason, file=name))
            continue
        files += 1
        with _uncollected():
            problems += _problems(text, name, agents, library)
    return Linted(files=files, problems=tuple(problems), unread=tuple(unread))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection: a check makes many objects that stay, and going through them again and again is waste."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _problems(text: str, file: str, agents: Agents, library: Library) -> tuple[Problem, ...]:
    try:
        load(text, file, agents, library)
    except DefinitionError as error:
        return error.problems
    return ()


def _texts(targets: Sequence[str], stdin: str | None) -> Iterator[tuple[str, str | InvalidInputError]]:
    for target in targets:
        if target == STDIN:
            yield STDIN_SHOWN, stdin if stdin is not None else InvalidInputError("nothing was given on standard input.")
        elif Path(target).is_dir():
            found = [*_walked(Path(target))]
            yield from found or [(target, InvalidInputError("no *.yaml or *.yml file is in this folder."))]
        else:
            yield target, _read(Path(target))


def _walked(folder: Path) -> Iterator[tuple[str, str | InvalidInputError]]:
    unread: list[tuple[str, str | InvalidInputError]] = []

    def closed(error: OSError) -> None:
        unread.append((str(error.filename), InvalidInputError(f"{error.strerror}.")))

    for here, folders, names in os.walk(folder, onerror=closed):
        # Hidden folders hold what tools put there: .git, .venv, caches.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith((".yaml", ".yml")):
                path = Path(here, name)
                yield str(path), _read(path)
    yield from unread


def _read(path: Path) -> str | InvalidInputError:
    try:
        return read_text(path)
    except InvalidInputError as error:
        return error
