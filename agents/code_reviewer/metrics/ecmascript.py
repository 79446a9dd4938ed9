"""JavaScript and TypeScript, JSX included, on tree-sitter.

A line-based metric tool loses its place in regular expressions, template strings and class bodies
and then reports one function of thousands of lines; a real grammar does not. A decision point is
an `if`, `?:`, loop, `case` with a test, `catch`, `&&`, `||`, `??` or an assignment with one of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from agents.code_reviewer.languages import Language
from agents.code_reviewer.metrics.interface import (
    FileFigures,
    FunctionFigures,
    RepeatedKey,
    UnmeasurableError,
)
from agents.code_reviewer.metrics.keys import in_object, text
from agents.code_reviewer.metrics.lines import CodeLines, Span, count

_FUNCTIONS = frozenset(
    {"function_declaration", "generator_function_declaration", "function_expression", "generator_function",
     "arrow_function", "method_definition"}
)  # fmt: skip
_LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_DECISIONS = _LOOPS | {"if_statement", "ternary_expression", "switch_case", "catch_clause"}
_NESTING = _LOOPS | {"if_statement", "switch_statement", "try_statement", "with_statement"}
_LOGICAL = frozenset({"&&", "||", "??", "&&=", "||=", "??="})
_LOGICAL_NODES = frozenset({"binary_expression", "augmented_assignment_expression"})
_GIVEN = (
    ("variable_declarator", "value", "name"),
    ("assignment_expression", "right", "left"),
    ("pair", "value", "key"),
    ("field_definition", "value", "property"),
    ("public_field_definition", "value", "name"),
)
_LEAVING = frozenset({"return_statement", "throw_statement", "break_statement", "continue_statement"})
_STATEMENT_LISTS = frozenset({"program", "statement_block", "switch_case", "switch_default"})
_HOISTED = frozenset(
    {"function_declaration", "generator_function_declaration", "function_signature", "interface_declaration",
     "type_alias_declaration", "ambient_declaration", "empty_statement", "break_statement"}
)  # fmt: skip
"""What may follow: it takes effect before the block begins, has none at run time, or ends a case out of habit."""

_NAMED_SCOPES = frozenset({"class_declaration", "class", "abstract_class_declaration", "internal_module"})


@dataclass
class _Open:
    """A function while its body is walked."""

    node: Node
    name: str
    complexity: int = 1
    deepest: int = 0
    inner: list[Span] = field(default_factory=list)


@cache
def _parser(suffix: str) -> Parser:
    if suffix in {".ts", ".cts", ".mts"}:
        return Parser(Grammar(tree_sitter_typescript.language_typescript()))
    if suffix == ".tsx":
        return Parser(Grammar(tree_sitter_typescript.language_tsx()))
    return Parser(Grammar(tree_sitter_javascript.language()))


def measure(file: str, source: str, language: Language) -> FileFigures:
    """The figures of a JavaScript or TypeScript source. Raises UnmeasurableError when most of it does not parse."""
    root = _parser(PurePosixPath(file).suffix.lower()).parse(source.encode("utf-8", "surrogatepass")).root_node
    if root.type == "ERROR":
        raise UnmeasurableError(f"not valid {language.name}")
    lines = count(source, language)
    return FileFigures(
        file=file,
        language=language.name,
        lines=lines.lines,
        code_lines=lines.total,
        functions=tuple(sorted(_functions(root, lines), key=lambda f: (f.line, -f.end_line, f.name))),
        unreachable=tuple(sorted(_unreachable(root))),
        repeated_keys=tuple(_repeated_keys(root)),
    )


def _functions(root: Node, lines: CodeLines) -> Iterator[FunctionFigures]:
    opened: list[_Open] = []
    # Parents are carried along: tree-sitter finds a parent by walking down from the root again.
    pending: list[tuple[Node, Node, _Open | None, int, str]] = [(root, root, None, 0, "")]
    while pending:
        node, parent, owner, depth, prefix = pending.pop()
        kind = node.type
        if kind in _FUNCTIONS:
            name = _name(node, parent)
            inside = _Open(node, prefix + (name or "(anonymous)"))
            if owner is not None:
                owner.inner.append(_span(node))
            opened.append(inside)
            owner, depth = inside, 0
            prefix = f"{inside.name}." if name else prefix
        elif kind in _NAMED_SCOPES:
            name = text(node.child_by_field_name("name"))
            prefix = f"{prefix}{name}." if name else prefix
        elif owner is not None:
            owner.complexity += _decides(node)
            depth += kind in _NESTING and not (kind == "if_statement" and parent.type == "else_clause")
            owner.deepest = max(owner.deepest, depth)
        pending.extend((child, node, owner, depth, prefix) for child in node.named_children)
    for function in opened:
        first, last = _span(function.node)
        yield FunctionFigures(
            name=function.name,
            line=first,
            end_line=last,
            complexity=function.complexity,
            code_lines=lines.own(first, last, function.inner),
            parameters=_parameters(function.node),
            nesting=function.deepest,
        )


def _unreachable(root: Node) -> Iterator[int]:
    """Lines of statements that follow a return, throw, break or continue in their block."""
    pending = [root]
    while pending:
        node = pending.pop()
        children = node.named_children
        pending.extend(children)
        if node.type not in _STATEMENT_LISTS:
            continue
        statements = [child for child in children if child.type != "comment"]
        left = False
        for statement in statements:
            if left and statement.type not in _HOISTED and not _is_bare_var(statement):
                yield statement.start_point[0] + 1
                break
            left = left or statement.type in _LEAVING


def _repeated_keys(root: Node) -> Iterator[RepeatedKey]:
    pending = [root]
    while pending:
        node = pending.pop()
        pending.extend(node.named_children)
        if node.type == "object":
            yield from in_object(node)


def _is_bare_var(node: Node) -> bool:
    return node.type == "variable_declaration" and all(
        declarator.child_by_field_name("value") is None for declarator in node.named_children
    )


def _decides(node: Node) -> bool:
    if node.type in _LOGICAL_NODES:
        return text(node.child_by_field_name("operator")) in _LOGICAL
    if node.type == "switch_case":
        return node.child_by_field_name("value") is not None
    return node.type in _DECISIONS


def _span(node: Node) -> Span:
    return node.start_point[0] + 1, node.end_point[0] + 1


def _name(node: Node, parent: Node) -> str | None:
    """The name a reader would use: its own, else that of the variable, property or target it is given to."""
    own = node.child_by_field_name("name")
    if own is None:
        own = next(
            (
                parent.child_by_field_name(target)
                for kind, value, target in _GIVEN
                if parent.type == kind and parent.child_by_field_name(value) == node
            ),
            None,
        )
    name = text(own) if own is not None and own.end_byte - own.start_byte <= 320 else ""
    return name if name and len(name) <= 80 and "\n" not in name else None


def _parameters(node: Node) -> int:
    if node.child_by_field_name("parameter") is not None:
        return 1
    listed = node.child_by_field_name("parameters")
    if listed is None:
        return 0
    # TypeScript's `this` is a type annotation in the guise of a parameter.
    return sum(child.type != "comment" and not _is_this(child) for child in listed.named_children)


def _is_this(parameter: Node) -> bool:
    pattern = parameter.child_by_field_name("pattern")
    return pattern is not None and pattern.type == "this"
