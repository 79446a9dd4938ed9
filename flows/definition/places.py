"""YAML with places: plain data plus the line and column of every key, value and item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flows.definition.problems import DefinitionError, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Place = tuple[str | int, ...]


@dataclass
class Document:
    """`data` as JSON values; `marks` maps a path to its value's (line, column) from 1, `keys` its key's."""

    file: str
    data: JsonValue = None
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def problem(
        self, code: str, message: str, place: Place = (), suggestion: str | None = None, *, key: bool = False
    ) -> Problem:
        """A Problem at `place`, or at its nearest ancestor that the file holds."""
        near = place
        while near and near not in self.marks:
            near = near[:-1]
        marks = self.keys if key and near in self.keys else self.marks
        line, column = marks.get(near, (1, 1))
        return Problem(code=code, message=message, file=self.file, line=line, column=column, suggestion=suggestion)


def read(text: str, file: str) -> Document:
    """Parse `text`. Raises DefinitionError (DY001) for anything but plain, shallow YAML."""
    document = Document(file)
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise DefinitionError([document.problem("DY001", f"the file is larger than {MAX_BYTES // 1024} KiB.")])
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not valid YAML: {error.problem or error.context or 'cannot be parsed'}."
        raise DefinitionError([Problem(code="DY001", message=message, file=file, line=line, column=column)]) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise DefinitionError([document.problem("DY001", f"not valid YAML: {error}.")]) from error
    if root is None:
        raise DefinitionError(
            [document.problem("DY001", "the file is empty.", suggestion="See docs/reference/workflow.md.")]
        )
    document.data = _value(document, yaml, root, (), seen=set())
    return document


def _value(document: Document, yaml: YAML, node: Node, place: Place, seen: set[int]) -> JsonValue:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    document.marks[place] = (line, column)

    def refuse(message: str, at: Node = node) -> DefinitionError:
        mark = at.start_mark
        return DefinitionError(
            [
                Problem(
                    code="DY001",
                    message=message,
                    file=document.file,
                    line=mark.line + 1,
                    column=mark.column + 1,
                )
            ]
        )

    if id(node) in seen:
        raise refuse("YAML aliases are not available here; write the value out.")
    if len(place) > MAX_DEPTH:
        raise refuse(f"nested deeper than {MAX_DEPTH} levels.")
    seen.add(id(node))
    if isinstance(node, MappingNode):
        mapping: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise refuse("a key must be plain text.", key_node)
            key = str(key_node.value)
            if key in mapping:
                raise refuse(f"the key '{key}' stands twice.", key_node)
            mapping[key] = _value(document, yaml, value_node, (*place, key), seen)
            document.keys[(*place, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return mapping
    if isinstance(node, SequenceNode):
        return [_value(document, yaml, item, (*place, index), seen) for index, item in enumerate(node.value)]
    value: Any = yaml.constructor.construct_object(node)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if node.tag == "tag:yaml.org,2002:timestamp":
        return str(node.value)  # a date is text here; JSON has no dates
    raise refuse(f"'{node.tag}' values are not available; use text, numbers, true/false, lists or mappings.")
