"""From a file or its text to a checked workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from flows.definition import places
from flows.definition.graph import Graph
from flows.definition.problems import DefinitionError, did_you_mean
from flows.definition.references import BUILT_IN_PARAMS
from flows.definition.schema import NAME, Workflow
from flows.definition.types import check_param
from flows.definition.validate import validate
from flows.errors import InvalidInputError


@dataclass(frozen=True)
class Definition:
    """A checked workflow with the text it came from."""

    text: str
    workflow: Workflow
    graph: Graph


def load(text: str, file: str = "workflow.yaml", manifests: Mapping[str, Manifest] | None = None) -> Definition:
    """Check `text`. Raises DefinitionError with every problem."""
    workflow, graph = validate(places.read(text, file), catalog() if manifests is None else manifests)
    return Definition(text, workflow, graph)


def load_file(path: Path) -> Definition:
    """Check a file. Raises DefinitionError, or InvalidInputError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: not UTF-8 text (byte {error.start}).") from error
    return load(text, str(path))


def find(name: str, folder: Path) -> Path:
    """The file of a workflow given by path or by name. Raises InvalidInputError."""
    given = Path(name)
    if given.suffix in (".yaml", ".yml"):
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
