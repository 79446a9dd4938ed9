"""The tree of a YAML text with the place of every node, and what two trees have in common."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agents.patcher.configuration.interface import UnchangeableError, UnparsableError
from agents.patcher.schema import KeyPath

Collection = MappingNode | SequenceNode

MAX_DEPTH = 200


def compose(text: str) -> Node | None:
    """The one document of `text`, None when it is empty. Raises UnparsableError."""
    yaml = YAML(typ="rt", pure=True)
    try:
        documents = list(yaml.compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise UnparsableError(f"{line}{error.problem or error.context}") from error
    except (YAMLError, ValueError) as error:
        raise UnparsableError(" ".join(str(error).split())[:300]) from error
    except RecursionError as error:
        raise UnparsableError("line 1: it is nested too deeply") from error
    if len(documents) > 1:
        raise UnchangeableError("it holds several documents, and which one is meant is not certain")
    return documents[0] if documents else None


def shared(root: Node) -> set[int]:
    """The `id` of every node that stands in more than one place, through an anchor and its aliases."""
    seen: set[int] = set()
    found: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            found.add(id(node))
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            left += node.value
    return found


def is_key(node: Node, part: str | int) -> bool:
    """Whether a key of a mapping is the part of a path. `on` and `8080` are, whatever YAML takes them for."""
    return isinstance(node, ScalarNode) and node.value == str(part)


@dataclass
class Digests:
    """Digests of nodes by what they say, not by how it is written: linear even where aliases multiply the data."""

    known: dict[int, str] = field(default_factory=dict)

    def of(self, node: Node | None, depth: int = 0) -> str:
        """The digest of `node`. Raises UnchangeableError for a node that holds itself or is very deep."""
        if node is None:
            return ""
        if id(node) not in self.known:
            if depth > MAX_DEPTH:
                raise UnchangeableError("it is nested too deeply, or an alias leads back to itself")
            self.known[id(node)] = self._fresh(node, depth)
        return self.known[id(node)]

    def _fresh(self, node: Node, depth: int) -> str:
        if isinstance(node, MappingNode):
            return mapping(sorted((self.of(key, depth + 1), self.of(value, depth + 1)) for key, value in node.value))
        if isinstance(node, SequenceNode):
            return sequence([self.of(item, depth + 1) for item in node.value])
        return _digest("scalar", str(node.tag), str(node.value))


def mapping(pairs: list[tuple[str, str]]) -> str:
    """The digest of a mapping from those of its keys and values."""
    return _digest("mapping", *(part for pair in sorted(pairs) for part in pair))


def sequence(items: list[str]) -> str:
    """The digest of a sequence from those of its items."""
    return _digest("sequence", *items)


def _digest(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def expected(digests: Digests, node: Node | None, path: KeyPath, new: str | None) -> str:
    """The digest of `node` with the one at `path` replaced or added as `new`, or removed where that is None."""
    if not path:
        return new or ""
    part, rest = path[0], path[1:]
    if isinstance(node, MappingNode):
        pairs, found = [], False
        for key, value in node.value:
            if is_key(key, part):
                found = True
                if rest or new is not None:
                    pairs.append((digests.of(key), expected(digests, value, rest, new)))
            else:
                pairs.append((digests.of(key), digests.of(value)))
        if not found:
            pairs.append((digests.of(compose(json.dumps(part))), new or ""))
        return mapping(pairs)
    items = [digests.of(item) for item in node.value] if isinstance(node, SequenceNode) else []
    index = int(part)
    if rest or new is not None:
        inner = expected(digests, node.value[index], rest, new) if node is not None and index < len(items) else new or ""
        return sequence([*items[:index], inner, *items[index + 1 :]])
    return sequence([*items[:index], *items[index + 1 :]])
