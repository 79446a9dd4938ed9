"""From a file or its text to a checked workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from flows.definition import places
from flows.definition.definition import Definition
from flows.definition.draft import BUILT_IN_PARAMS, Draft
from flows.definition.library import Folder, Library, Subs, read_text
from flows.definition.parse import parse
from flows.definition.problems import DefinitionError, did_you_mean
from flows.definition.schema import NAME, Param, ParamType, Workflow
from flows.definition.types import check_param
from flows.definition.validate import validate
from flows.errors import InvalidInputError

__all__ = [
    "Definition", "Folder", "Library", "bind", "find", "is_file", "is_name", "load", "load_file", "name_of", "read_params"
]  # fmt: skip


def load(
    text: str,
    file: str = "workflow.yaml",
    manifests: Mapping[str, Manifest] | None = None,
    library: Library | None = None,
) -> Definition:
    """Check `text` and, by name from `library`, the workflows that it runs. Raises DefinitionError with every problem."""
    known = catalog() if manifests is None else manifests

    def checked(text: str, file: str, above: tuple[str, ...]) -> Definition:
        document = places.read(text, file)
        workflow = parse(document)
        found, problems = subs.of(document, workflow, above or (workflow.name,))
        return validate(Draft(document, workflow, known, found), text, problems)

    subs = Subs(library or {}, checked)
    return checked(text, file, ())


def load_file(path: Path, library: Library | None = None, manifests: Mapping[str, Manifest] | None = None) -> Definition:
    """Check a file. Raises DefinitionError, or InvalidInputError when it cannot be read."""
    return load(read_text(path), str(path), manifests, library)


def is_file(name: str) -> bool:
    """Whether a workflow is given by path; anything else is a name."""
    return Path(name).suffix in (".yaml", ".yml")


def find(name: str, folder: Path) -> Path:
    """The file of a workflow given by path or by name. Raises InvalidInputError."""
    if is_file(name):
        given = Path(name)
        if given.is_file():
            return given
        raise InvalidInputError(f"there is no file {name}.")
    path = folder / f"{name}.yaml"
    if "/" not in name and path.is_file():
        return path
    known = [file.stem for file in folder.glob("*.yaml")]
    raise InvalidInputError(f"there is no workflow '{name}'. {did_you_mean(name, known)}")


def is_name(parameter: str) -> bool:
    """Whether a run's `workflow` parameter is a name; anything else is a workflow's whole text."""
    return NAME.fullmatch(parameter) is not None


def name_of(parameter: str) -> str:
    """The workflow's name in a run's `workflow` parameter, empty where a text has none."""
    if is_name(parameter):
        return parameter
    try:
        data = places.read(parameter, "workflow.yaml").data
    except DefinitionError:  # the run itself says what is wrong with it
        return ""
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def read_params(workflow: Workflow, typed: Mapping[str, str]) -> dict[str, JsonValue]:
    """Params that a person typed, by the type that the workflow declares: text as it stands, else JSON.

    What is no JSON, or belongs to no param, stays text: `bind` says what is wrong with it.
    """
    return {name: _value(workflow.params.get(name), text) for name, text in typed.items()}


def _value(param: Param | None, text: str) -> JsonValue:
    if param is None or param.type is ParamType.STRING:
        return text
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text
    return value


def _no_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is not JSON")  # Python would read it; nobody after it could


def bind(workflow: Workflow, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Values of all the workflow's params. Raises InvalidInputError for unknown, missing or wrong ones."""
    declared = {name: param for name, param in workflow.params.items() if name not in BUILT_IN_PARAMS}
    for name in given:
        if name in BUILT_IN_PARAMS:
            raise InvalidInputError(f"'{name}' is no param but an option of its own: --{name}")
        if name not in declared:
            raise InvalidInputError(f"'{workflow.name}' has no param '{name}'. {did_you_mean(name, declared)}")
    bound: dict[str, JsonValue] = {}
    for name, param in declared.items():
        if name not in given and param.default is None:
            raise InvalidInputError(f"'{workflow.name}' needs the param '{name}' ({param.type.value}): --param {name}=…")
        bound[name] = given.get(name, param.default)
        if reason := check_param(param, bound[name]):
            raise InvalidInputError(f"the param '{name}' {reason}")
    return bound
