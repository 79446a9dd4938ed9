"""JSON: only the value's span changes. Comments are allowed where the tools of the file allow them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agents.patcher.configuration import json_spans
from agents.patcher.configuration.interface import (
    Changed,
    Removal,
    TooMuchError,
    UnchangeableError,
    UnparsableError,
    expected,
    nested,
)
from agents.patcher.configuration.json_spans import JsonError, Node
from agents.patcher.edits import Edit, apply, line_of
from agents.patcher.schema import KeyPath

_UNIT = re.compile(r"\n([ \t]+)\S")
_REMARK = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/)")
_LEAD = re.compile(r"[ \t\r\n]*\Z")


def change(text: str, path: KeyPath, value: JsonValue | Removal) -> Changed:
    """Strict JSON."""
    return _change(text, path, value, comments=False)


def change_commented(text: str, path: KeyPath, value: JsonValue | Removal) -> Changed:
    """JSON with comments and commas at the end of lists."""
    return _change(text, path, value, comments=True)


def _change(text: str, path: KeyPath, value: JsonValue | Removal, *, comments: bool) -> Changed:
    try:
        root = json_spans.parse(text, comments=comments)
    except JsonError as error:
        raise UnparsableError(str(error)) from error
    wanted = expected(_data(text, comments=comments), path, value)
    changed = _Editor(text, comments).change(root, path, value)
    try:
        found = _canonical(_data(changed.text, comments=comments))
    except json.JSONDecodeError as error:
        raise TooMuchError from error
    if found != _canonical(wanted):
        raise TooMuchError
    return changed


def _data(text: str, *, comments: bool) -> object:
    plain = text.removeprefix("\ufeff")
    return json.loads(json_spans.without_comments(plain) if comments else plain)


def _canonical(data: object) -> str:
    # As text: for Python 1, 1.0 and true are equal.
    return json.dumps(data, sort_keys=True)


@dataclass(frozen=True)
class _Editor:
    text: str
    comments: bool

    def change(self, node: Node, path: KeyPath, value: JsonValue | Removal) -> Changed:
        """`path` is known to lead somewhere: what is expected of the data was worked out before."""
        part, rest = path[0], path[1:]
        if isinstance(part, int):
            index = part
            inner = node.items[index] if index < len(node.items) else None
        else:
            same = node.member(part)
            if len(same) > 1:
                line = line_of(self.text, same[1].start)
                raise UnchangeableError(f"line {line}: `{part}` is there twice; remove one by hand")
            index = node.members.index(same[0]) if same else -1
            inner = same[0].value if same else None
        if inner is None and not isinstance(value, Removal):
            return self.insert(node, part, nested(rest, value))
        if inner is None:
            raise UnchangeableError("there is nothing to remove")
        if rest:
            return self.change(inner, rest, value)
        if isinstance(value, Removal):
            return self.remove(node, index, inner)
        return self.replace(inner, value)

    def replace(self, node: Node, value: JsonValue) -> Changed:
        old = self.text[node.start : node.end]
        plain = json_spans.without_comments(old) if self.comments else old
        if _canonical(json.loads(plain)) == _canonical(value):
            return Changed(self.text, old, old, node.start)
        spread = "\n" in old if node.members or node.items else "\n" in self.text
        new = self.written(value, node.start, spread=spread)
        return Changed(apply(self.text, [Edit(node.start, node.end, new)]), old, new, node.start)

    def insert(self, node: Node, part: str | int, value: JsonValue) -> Changed:
        entries = _entries(node)
        inside = self.text[node.start + 1 : node.end - 1]
        name = "" if isinstance(part, int) else json.dumps(part, ensure_ascii=False)
        if not entries:
            if inside.strip():
                raise UnchangeableError("it holds nothing but comments, and where to put the value is not certain")
            return self.fill(node, name, value)
        start, end = entries[-1]
        lead = _LEAD.search(self.text, 0, start)
        before = lead[0] if lead else ""
        before = before[before.rfind("\n") - (before.rfind("\r\n") >= 0) :] if "\n" in before else before
        spread = "\n" in before
        if not spread and len(entries) > 1:
            before = self.text[entries[-2][1] : start].partition(",")[2]
        elif not spread:
            before = " "
        colon = self.text[node.members[-1].start : node.members[-1].value.start] if node.members else ""
        colon = colon.removeprefix(self.text[node.members[-1].start : node.members[-1].end]) if node.members else ""
        glue = colon if colon.strip() == ":" else ": "
        new = self.written(value, start, spread=spread)
        entry = before + (name + glue if name else "") + new
        comma = self.comma_after(end)
        place = comma + 1 if comma is not None else end
        remark = _REMARK.match(self.text, place) if self.comments else None
        after = remark.end() if remark else place
        edits = [Edit(end, end, ",")] if comma is None else []
        edits.append(Edit(after, after, entry + ("," if comma is not None else "")))
        return Changed(apply(self.text, edits), None, new, after + len(edits) - 1 + len(before))

    def fill(self, node: Node, name: str, value: JsonValue) -> Changed:
        """The first entry of an empty object or list."""
        spread = "\n" in self.text
        line, unit = self.indentation(node.start), self.unit
        lead = self.newline + line + unit if spread else ""
        tail = self.newline + line if spread else ""
        new = self.written(value, node.start, spread=spread, deeper=unit if spread else "")
        entry = lead + (f"{name}: " if name else "") + new + tail
        text = apply(self.text, [Edit(node.start + 1, node.end - 1, entry)])
        return Changed(text, None, new, node.start + 1 + len(lead))

    def remove(self, node: Node, index: int, inner: Node) -> Changed:
        entries = _entries(node)
        start, end = entries[index]
        old = self.text[inner.start : inner.end]
        comma = self.comma_after(end)
        if comma is not None:
            edits = [self.erased(start, comma + 1)]
        elif index == 0:
            inside = Edit(node.start + 1, node.end - 1, "")
            blank = not self.text[inside.start : start].strip() and not self.text[end : inside.end].strip()
            edits = [inside if blank else self.erased(start, end)]
        else:
            before = entries[index - 1][1]
            if self.text[before:start].strip() == ",":
                edits = [Edit(before, end, "")]
            else:
                position = self.comma_after(before)
                edits = [Edit(position, position + 1, "")] if position is not None else []
                edits.append(self.erased(start, end))
        return Changed(apply(self.text, edits), old, None, start)

    def erased(self, start: int, end: int) -> Edit:
        """The edit that removes an entry: its whole line, with the remark behind it, where it has one of its own."""
        line = self.text.rfind("\n", 0, start) + 1
        remark = _REMARK.match(self.text, end) if self.comments else None
        rest = re.compile(r"[ \t]*(\r?\n)?").match(self.text, remark.end() if remark else end)
        if rest is None:
            return Edit(start, end, "")
        if rest[1] and not self.text[line:start].strip():
            return Edit(line, rest.end(), "")
        return Edit(start, rest.end() - len(rest[1] or ""), "")

    def comma_after(self, position: int) -> int | None:
        blanked = json_spans.comments_blanked(self.text) if self.comments else self.text
        found = re.compile(r"[ \t\r\n]*,").match(blanked, position)
        return found.end() - 1 if found else None

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def unit(self) -> str:
        found = _UNIT.search(self.text)
        return found[1] if found else "  "

    def indentation(self, position: int) -> str:
        line = self.text[self.text.rfind("\n", 0, position) + 1 : position]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def written(self, value: JsonValue, position: int, *, spread: bool, deeper: str = "") -> str:
        """`value` as JSON, over several lines when `spread`, as a value that stands at `position`."""
        if not spread or not isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        written = json.dumps(value, ensure_ascii=False, indent=self.unit)
        return written.replace("\n", self.newline + self.indentation(position) + deeper)


def _entries(node: Node) -> Sequence[tuple[int, int]]:
    if node.members:
        return [(member.start, member.value.end) for member in node.members]
    return [(item.start, item.end) for item in node.items]
