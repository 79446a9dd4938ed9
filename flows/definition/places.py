"""YAML with places: plain data plus the line and column of every key, value and item."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flows.definition.problems import DefinitionError, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

_TAG = "tag:yaml.org,2002:"

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
    try:
        root = _compose(document, text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or error.context or 'cannot be parsed'}."
        raise DefinitionError([_at(document, mark, message)]) from error
    except (YAMLError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DefinitionError([document.problem("DY001", f"not valid YAML: {reason}.")]) from error
    if root is None:
        hint = "A workflow has at least a name and nodes."
        raise DefinitionError([document.problem("DY001", "the file is empty.", suggestion=hint)])
    document.data = _value(document, YAML(typ="safe", pure=True), root, ())
    return document


def _compose(document: Document, text: str) -> Node | None:
    # The events come first: only they know where an alias stands, and composing deep text is recursive.
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent):
            message = "YAML aliases are not available here; write the value out."
            raise DefinitionError([_at(document, event.start_mark, message)])
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels."
            raise DefinitionError([_at(document, event.start_mark, message)])
    root: Node | None = YAML(typ="safe", pure=True).compose(text)
    return root


def _at(document: Document, mark: StreamMark | None, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(code="DY001", message=message, file=document.file, line=line, column=column)


def _value(document: Document, yaml: YAML, node: Node, place: Place) -> JsonValue:
    document.marks[place] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
        mapping: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise DefinitionError([_at(document, key_node.start_mark, "a key must be plain text.")])
            key = str(key_node.value)
            if key in mapping:
                raise DefinitionError([_at(document, key_node.start_mark, f"the key '{key}' stands twice.")])
            mapping[key] = _value(document, yaml, value_node, (*place, key))
            document.keys[(*place, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return mapping
    if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
        return [_value(document, yaml, item, (*place, index)) for index, item in enumerate(node.value)]
    if isinstance(node, ScalarNode):
        return _scalar(document, yaml, node)
    raise DefinitionError([_at(document, node.start_mark, f"'{node.tag}' values are not available here.")])


def _scalar(document: Document, yaml: YAML, node: ScalarNode) -> JsonValue:
    if node.tag in (f"{_TAG}str", f"{_TAG}timestamp"):
        return str(node.value)  # a date is text here; JSON has no dates
    message = f"'{node.tag}' values are not available; use text, numbers, true/false, lists or mappings."
    if node.tag not in (f"{_TAG}null", f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float"):
        raise DefinitionError([_at(document, node.start_mark, message)])
    try:
        value: JsonValue = yaml.constructor.construct_object(node)
    except (YAMLError, ValueError, LookupError) as error:
        message = f"'{node.value[:40]}' is not a value of '{node.tag}'."
        raise DefinitionError([_at(document, node.start_mark, message)]) from error
    if isinstance(value, float) and not math.isfinite(value):
        raise DefinitionError([_at(document, node.start_mark, "a number must be finite.")])
    return value
