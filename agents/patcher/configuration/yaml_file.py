"""YAML: the value's span changes, or whole lines come and go; comments, quotes and order stay as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import JsonValue
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agents.patcher.configuration import yaml_nodes, yaml_text
from agents.patcher.configuration.interface import (
    Changed,
    Removal,
    TooMuchError,
    UnchangeableError,
    UnparsableError,
    nested,
    shown,
)
from agents.patcher.configuration.yaml_nodes import Collection
from agents.patcher.configuration.yaml_text import Layout
from agents.patcher.edits import Edit, apply, line_of
from agents.patcher.schema import KeyPath

_NULL = "tag:yaml.org,2002:null"
_REST = re.compile(r"[ \t]*(#[^\r\n]*)?(\r?\n|\Z)")
_COLON = re.compile(r"\s*:")
_ALIAS = re.compile(r"\s*:\s*\*[^\s,\]}]+")


def change(text: str, path: KeyPath, value: JsonValue | Removal) -> Changed:
    """The text with the value at the path set or removed."""
    plain = text.removeprefix("\ufeff")
    root = yaml_nodes.compose(plain)
    if root is None:
        raise UnchangeableError("it is empty; give the whole `content`")
    digests = yaml_nodes.Digests()
    digests.of(root)
    place = _find(plain, root, path, value)
    changed = _Editor(plain).change(place)
    new = None
    if not isinstance(place.value, Removal):
        new = yaml_nodes.Digests().of(yaml_nodes.compose(yaml_text.flow(place.value)))
    wanted = yaml_nodes.expected(digests, root, place.path, new)
    try:
        found = yaml_nodes.Digests().of(yaml_nodes.compose(changed.text))
    except UnparsableError as error:
        raise TooMuchError from error
    if found != wanted:
        raise TooMuchError
    mark = text[: len(text) - len(plain)]
    return Changed(mark + changed.text, changed.old, changed.new, changed.offset + len(mark))


@dataclass(frozen=True)
class _Place:
    """Where the change happens: entry `index` of `parent` (none: a new one), reached by `path`, gets `value`."""

    parent: Collection
    index: int | None
    path: KeyPath
    value: JsonValue | Removal


def _find(text: str, root: Node, path: KeyPath, value: JsonValue | Removal) -> _Place:
    shared = yaml_nodes.shared(root)
    node = root
    for depth, part in enumerate(path):
        here, rest = path[: depth + 1], path[depth + 1 :]
        if not isinstance(node, MappingNode | SequenceNode):
            line = line_of(text, node.start_mark.index)
            raise UnchangeableError(f"line {line}: `{shown(here)}` leads into a value that is no mapping or list")
        index = _index(text, node, part, here)
        if index is None:
            if isinstance(value, Removal):
                raise UnchangeableError(f"there is no `{shown(here)}` to remove")
            return _Place(node, None, here, nested(rest, value))
        inner = _inner(node, index)
        if id(inner) in shared:
            raise UnchangeableError(f"`{shown(here)}` is shared through an anchor (`&`, `*`); change it by hand")
        if not rest:
            return _Place(node, index, here, value)
        if inner.tag == _NULL and not isinstance(value, Removal):
            return _Place(node, index, here, nested(rest, value))
        node = inner
    raise UnchangeableError("the path is empty")


def _inner(node: Collection, index: int) -> Node:
    held = node.value[index]
    inner: Node = held[1] if isinstance(node, MappingNode) else held
    return inner


def _index(text: str, node: Collection, part: str | int, here: KeyPath) -> int | None:
    """Which entry of `node` the part names, None for one that is not there."""
    if isinstance(node, MappingNode):
        found = [index for index, (key, _) in enumerate(node.value) if yaml_nodes.is_key(key, part)]
        if len(found) > 1:
            line = line_of(text, node.value[found[1]][0].start_mark.index)
            raise UnchangeableError(f"line {line}: `{shown(here)}` is there twice; remove one by hand")
        return found[0] if found else None
    if isinstance(part, int):
        if not 0 <= part <= len(node.value):
            raise UnchangeableError(f"the list has {len(node.value)} items, counted from 0, and no item {part}")
        return part if part < len(node.value) else None
    raise UnchangeableError(f"`{shown(here)}`: a list's items are counted from 0, `{part}` is none of them")


@dataclass(frozen=True)
class _Editor:
    text: str

    def change(self, place: _Place) -> Changed:
        if isinstance(place.value, Removal):
            return self.remove(place.parent, place.index or 0)
        if place.index is None:
            return self.insert(place.parent, place.path[-1], place.value)
        return self.replace(place.parent, place.index, place.value)

    # --- where things stand

    def end(self, node: Node) -> int:
        """Behind the last character of `node`; a block collection's own mark lies behind blank lines and comments."""
        if isinstance(node, ScalarNode):
            start, end = node.start_mark.index, node.end_mark.index
            return start + len(self.text[start:end].rstrip()) if node.style in ("|", ">") else int(end)
        if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
            return int(node.end_mark.index)
        return self.entry(node, len(node.value) - 1)[1]

    def entry(self, node: Collection, index: int) -> tuple[int, int]:
        """The span of an entry: a key with its value, a list's item with its dash."""
        if isinstance(node, MappingNode):
            key, value = node.value[index]
            start, after = int(key.start_mark.index), int(key.end_mark.index)
            if value.start_mark.index < after:  # an alias: the node stands where its anchor is
                found = _ALIAS.match(self.text, after)
                return start, found.end() if found else after
            if value.start_mark.index == value.end_mark.index:
                return start, self.colon(after)
            return start, self.end(value)
        item = node.value[index]
        start = int(item.start_mark.index)
        return start if node.flow_style else self.text.rfind("-", 0, start), max(self.end(item), start)

    def colon(self, after: int) -> int:
        found = _COLON.match(self.text, after)
        return found.end() if found else after

    def head(self, parent: Collection, index: int) -> int:
        """Where an entry's value may begin: behind the colon of its key, or behind its dash."""
        if isinstance(parent, MappingNode):
            return self.colon(int(parent.value[index][0].end_mark.index))
        return self.entry(parent, index)[0] + (0 if parent.flow_style else 1)

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def joined(self, lines: list[str], column: int) -> str:
        return (self.newline + " " * column).join(lines)

    # --- changes

    def replace(self, parent: Collection, index: int, value: JsonValue) -> Changed:
        node, head = _inner(parent, index), self.head(parent, index)
        start, end = int(node.start_mark.index), self.end(node)
        if start == end:  # nothing is written there: such a node's mark may lie lines below
            start = end = head
        old = self.text[start:end]
        digest = yaml_nodes.Digests().of
        if digest(node) == digest(yaml_nodes.compose(yaml_text.flow(value))):
            return Changed(self.text, old, old, start)
        spread = isinstance(node, MappingNode | SequenceNode) and not node.flow_style
        remark = _REST.match(self.text, end)
        if parent.flow_style or yaml_text.is_single(value) or not (spread or (remark and not remark[1])):
            quote = old[:1] if old[:1] in ("'", '"') and isinstance(node, ScalarNode) else ""
            single = yaml_text.is_single(value) and not (parent.flow_style and not quote)
            new = yaml_text.scalar(value, quote) if single else yaml_text.flow(value)
            edits = self.on_one_line(head, start, end, new, spread=spread)
        else:
            layout = Layout.of(self.text)
            lines = layout.block(value)
            column = int(node.start_mark.column)
            if spread and isinstance(parent, MappingNode) and isinstance(value, dict):
                # A list may stand as far out as its key does, a mapping may not.
                key = int(parent.value[index][0].start_mark.column)
                column = column if column > key else key + layout.mapping
            new = " " * (column - node.start_mark.column) + self.joined(lines, column)
            edits = [Edit(start, end, new)]
            if not spread:
                edits = [Edit(head, end, self.below(parent, index, value, lines))]
        return Changed(apply(self.text, edits), old, new, start)

    def on_one_line(self, head: int, start: int, end: int, new: str, *, spread: bool) -> list[Edit]:
        remark = _REST.match(self.text, head)
        if spread and remark and remark[1]:  # `key: # a remark`, and the block below it
            return [Edit(head, head, f" {new}"), Edit(remark.end(1), end, "")]
        if spread or start == end:
            return [Edit(head, end, f" {new}")]
        return [Edit(start, end, new)]

    def below(self, parent: Collection, index: int, value: JsonValue, lines: list[str]) -> str:
        """The lines of `value` as they follow a key, or a dash."""
        start = self.entry(parent, index)[0]
        column = start - self.text.rfind("\n", 0, start) - 1
        if not isinstance(parent, MappingNode):
            return " " + self.joined(lines, column + 2)
        layout = Layout.of(self.text)
        column += layout.sequence if isinstance(value, list) else layout.mapping
        return self.joined(["", *lines], column)

    def insert(self, node: Collection, part: str | int, value: JsonValue) -> Changed:
        key = "" if isinstance(node, SequenceNode) else yaml_text.scalar(part)
        if node.flow_style or not node.value:
            new = (f"{key}: " if key else "") + yaml_text.flow(value)
            last = self.entry(node, len(node.value) - 1)[1] if node.value else node.start_mark.index + 1
            new = f", {new}" if node.value else new
            stop = last if node.value else node.end_mark.index - 1
            return Changed(apply(self.text, [Edit(last, stop, new)]), None, new.removeprefix(", "), last)
        layout = Layout.of(self.text)
        if key:
            lines, column = layout.entry(f"{key}:", value), node.value[0][0].start_mark.column
        else:
            first, *others = layout.block(value)
            lines, column = [f"- {first}", *(f"  {line}" for line in others)], node.start_mark.column
        new = self.joined(lines, column)
        end = self.entry(node, len(node.value) - 1)[1]
        rest = _REST.match(self.text, end)
        place = rest.end() if rest else end
        indented = " " * column + new
        whole = indented + self.newline if rest and rest[2] else self.newline + indented
        return Changed(apply(self.text, [Edit(place, place, whole)]), None, new, place)

    def remove(self, node: Collection, index: int) -> Changed:
        start, end = self.entry(node, index)
        old = self.text[start:end]
        count = len(node.value)
        if node.flow_style:
            if index + 1 < count:
                edit = Edit(start, self.entry(node, index + 1)[0], "")
            elif index:
                edit = Edit(self.entry(node, index - 1)[1], end, "")
            else:
                edit = Edit(node.start_mark.index + 1, node.end_mark.index - 1, "")
            return Changed(apply(self.text, [edit]), old, None, start)
        if count == 1:
            raise UnchangeableError("it is the only entry; remove what holds it, or set that to an empty value")
        line = self.text.rfind("\n", 0, start) + 1
        rest = _REST.match(self.text, end)
        if self.text[line:start].strip() or rest is None:
            # The first key of a list's item stands behind the dash: the next one takes its place.
            edit = Edit(start, self.entry(node, index + 1)[0] if index + 1 < count else end, "")
        else:
            edit = Edit(line, rest.end(), "")
        return Changed(apply(self.text, [edit]), old, None, start)
