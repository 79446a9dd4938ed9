"""JSON values as YAML: block style over several lines, flow style on one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pydantic import JsonValue
from ruamel.yaml.nodes import ScalarNode

from agents.patcher.configuration.yaml_nodes import compose

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")
_OLD_WORDS = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|~)|[-+]?[0-9][0-9_:.]*|0[xob][0-9a-f_]+", re.IGNORECASE)
"""What YAML 1.1, which many tools still speak, takes for a truth or a number: such a text is quoted."""

_INSET = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\r?\n( +)[^\s#-]", re.MULTILINE)
_DASH_INSET = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\r?\n( *)- ", re.MULTILINE)
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar(value: JsonValue, quote: str = "") -> str:
    """A single value, or an empty list or object; a text in the quotes that stood there, if they will do."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and _PLAIN.fullmatch(value) and not _OLD_WORDS.fullmatch(value) and _is_text(value):
        return value
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _is_text(value: str) -> bool:
    node = compose(value)
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:str" and node.value == value


def is_single(value: JsonValue) -> bool:
    """Whether `value` has its place on one line in either style."""
    return not isinstance(value, dict | list) or not value


def flow(value: JsonValue) -> str:
    """`value` on one line."""
    if isinstance(value, list):
        return f"[{', '.join(flow(item) for item in value)}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items())
        return f"{{{pairs}}}"
    # Plain text may hold what ends a flow collection; JSON's quotes hold anything.
    return scalar(value, '"' if isinstance(value, str) and not re.fullmatch(r"[\w./@+-]+", value) else "")


@dataclass(frozen=True)
class Layout:
    """How far a mapping, and a list, stands in from its key: blanks."""

    mapping: int = 2
    sequence: int = 2

    @classmethod
    def of(cls, text: str) -> Layout:
        """The layout of the first of each in `text`."""
        found = [_INSET.search(text), _DASH_INSET.search(text)]
        steps = [len(match[2]) - len(match[1]) if match else 2 for match in found]
        return cls(mapping=steps[0] if steps[0] > 0 else 2, sequence=max(steps[1], 0))

    def block(self, value: JsonValue) -> list[str]:
        """The lines of `value` in block style."""
        if isinstance(value, dict) and value:
            return [line for key, item in value.items() for line in self.entry(scalar(key) + ":", item)]
        if isinstance(value, list) and value:
            lines = []
            for item in value:
                first, *others = self.block(item)
                lines += [f"- {first}", *(f"  {line}" for line in others)]
            return lines
        return [scalar(value)]

    def entry(self, head: str, value: JsonValue) -> list[str]:
        """The lines of a key with its value."""
        if is_single(value):
            return [f"{head} {scalar(value)}"]
        inset = " " * (self.sequence if isinstance(value, list) else self.mapping)
        return [head, *(inset + line for line in self.block(value))]
