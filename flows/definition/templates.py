"""`{{ node.output.field }}`: Jinja2's sandbox with strict undefined values and bounded arithmetic.

An input that is one whole `{{ … }}` keeps its value's type; anything else renders to text. Rendered
text is never parsed again, so one agent's output can't put structure into the next one's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import jinja2
from jinja2 import StrictUndefined, TemplateError, nodes, pass_environment
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from flows.definition import bounds
from flows.definition.bounds import TemplateProblemError
from flows.definition.problems import did_you_mean

__all__ = ["Reference", "Template", "TemplateProblemError", "is_template", "parse", "render"]

MAX_TEMPLATE_CHARS = 20_000
MAX_DEPTH = 50
"""How deep an expression may be nested, operators in a row included; Python's own compiler ends at 200."""


class _Missing(StrictUndefined):
    """Strict, but a chain goes on from it: `a.b.c | default(x)` works when already `a.b` is missing."""


class _Generator(CodeGenerator):
    """Writes `a ~ b` as a call that can be bounded; Jinja2 intercepts every operator but this one."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 — the visitor's name
        self.write("environment.concat((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


@pass_environment  # a finalizer that takes something is never run while compiling
def _finalized(_environment: jinja2.Environment, value: object) -> object:
    bounds.check_size(value, bounds.MAX_TEXT)
    return value


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox with arithmetic that can't blow up and without attributes of Python objects."""

    intercepted_binops = frozenset({"*", "+", "%"})
    code_generator_class = _Generator
    concat = staticmethod(bounds.join_text)

    def __init__(self) -> None:
        super().__init__(
            undefined=_Missing,
            autoescape=False,
            cache_size=0,
            optimized=False,
            finalize=_finalized,
            keep_trailing_newline=True,
        )
        self.globals = {}
        self.filters = bounds.filters()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and not (_number(left) and _number(right)):
            raise TemplateProblemError("'%' takes numbers only; use '~' to join text")
        if operator == "*" and not (_number(left) and _number(right)):
            raise TemplateProblemError("'*' multiplies numbers only")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int | str):
            bounds.check_size(result, bounds.MAX_TEXT)
        if isinstance(result, list | tuple) and len(result) > bounds.MAX_TEXT:
            raise TemplateProblemError("the result is too long")
        return result

    # Values are JSON: a field is found by item look-up, and no attribute of a Python object is ever needed.
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, _Missing):
            return obj
        if isinstance(obj, Mapping | list) and isinstance(argument, str | int):
            try:
                return obj[argument]  # type: ignore[index] # a wrong kind of key is a TypeError
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 — the sandbox's signature
        return False


@cache
def _environment() -> _Environment:
    return _Environment()


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Reference:
    """A dotted path read by a template, e.g. `("scan", "output", "findings")`; `optional` under a default."""

    path: tuple[str | int, ...]
    optional: bool


@dataclass(frozen=True)
class Template:
    """A parsed template: what it reads and whether it is one whole expression."""

    text: str
    whole: bool
    references: tuple[Reference, ...]
    plain: bool
    """Whether it is one whole reference without filters or operators, so its type is the field's."""
    program: jinja2.Template = field(repr=False, compare=False)


def is_template(value: object) -> bool:
    """Whether `value` is text that Jinja2 would change."""
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


@lru_cache(maxsize=512)
def parse(text: str) -> Template:
    """Parse and compile `text`. Raises TemplateProblemError with the reason."""
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateProblemError(f"a template has at most {MAX_TEMPLATE_CHARS} characters")
    try:
        tree = _environment().parse(text)
        _check(tree)
        outputs = [statement for statement in tree.body if isinstance(statement, nodes.Output)]
        parts = [part for output in outputs for part in output.nodes]
        expressions = [part for part in parts if not isinstance(part, nodes.TemplateData)]
        whole = len(expressions) == 1 and not "".join(_texts(parts)).strip()
        if whole:
            tree = nodes.Template([nodes.Assign(nodes.Name("result", "store"), expressions[0], lineno=1)], lineno=1)
            tree.set_environment(_environment())
        return Template(
            text=text,
            whole=whole,
            references=tuple(found for part in expressions for found in _references(part, optional=False)),
            plain=whole and _path(expressions[0]) is not None,
            program=_environment().from_string(tree),
        )
    except TemplateError as error:
        raise TemplateProblemError(f"not a valid template: {error.message}") from error
    except RecursionError as error:
        raise TemplateProblemError("the template is nested too deeply") from error
    except (ValueError, SyntaxError, OverflowError) as error:  # a number of thousands of digits, say
        raise TemplateProblemError(f"not a valid template: {error}") from error


def render(template: Template, values: Mapping[str, JsonValue]) -> JsonValue:
    """The template's value for `values`. Raises TemplateProblemError."""
    try:
        return _value(template, values)
    except (
        TemplateProblemError,
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        RecursionError,
        LookupError,
    ) as error:
        raise TemplateProblemError(f"`{_short(template.text)}`: {error}") from error


def _value(template: Template, values: Mapping[str, JsonValue]) -> JsonValue:
    if not template.whole:
        return template.program.render(dict(values))
    result: object = TemplateExpression(template.program, undefined_to_none=False)(dict(values))
    if isinstance(result, _Missing):
        result._fail_with_undefined_error()
    if not template.plain:
        bounds.check_size(result, bounds.MAX_DATA)
    return bounds.plain_json(result)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 100 else f"{words[:99]}…"


def _texts(parts: Iterable[nodes.Node]) -> Iterator[str]:
    return (part.data for part in parts if isinstance(part, nodes.TemplateData))


def _check(tree: nodes.Template) -> None:
    """Refuse what can be seen to be wrong without values. Walks without recursion, however deep the tree."""
    environment = _environment()
    if not all(isinstance(statement, nodes.Output) for statement in tree.body):
        raise TemplateProblemError("only {{ expressions }} are available, not {% statements %}")
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TemplateProblemError("the template is nested too deeply")
        if isinstance(node, nodes.Call):
            raise TemplateProblemError("nothing can be called in templates; filters are written with '|'")
        if isinstance(node, nodes.Pow):
            raise TemplateProblemError("'**' is not available in templates")
        if isinstance(node, nodes.Name) and node.name == "self":
            raise TemplateProblemError("'self' is not available in templates")
        if isinstance(node, nodes.Const) and node.value in (float("inf"), float("-inf")):
            raise TemplateProblemError("the number is too large")
        if isinstance(node, nodes.Filter) and node.name not in environment.filters:
            hint = did_you_mean(node.name, environment.filters)
            raise TemplateProblemError(f"there is no filter '{node.name}'. {hint}")
        if isinstance(node, nodes.Test) and node.name not in environment.tests:
            hint = did_you_mean(node.name, environment.tests)
            raise TemplateProblemError(f"there is no test '{node.name}'. {hint}")
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _path(node: nodes.Node) -> tuple[str | int, ...] | None:
    """The dotted path of a plain reference, or None for any other expression."""
    match node:
        case nodes.Name(name=name):
            return (name,)
        case nodes.Getattr(node=inner, attr=attr):
            base = _path(inner)
            return None if base is None else (*base, attr)
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str() | int() as key)):
            base = _path(inner)
            return None if base is None else (*base, key)
        case _:
            return None


def _references(node: nodes.Node, *, optional: bool) -> Iterator[Reference]:
    path = _path(node)
    if path is not None:
        yield Reference(path, optional)
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        forgiven = optional  # what is missing stays missing down the chain
    else:
        forgiven = (isinstance(node, nodes.Filter) and node.name in ("default", "d")) or (
            isinstance(node, nodes.Test) and node.name in ("defined", "undefined")
        )
    # Only the value itself is forgiven: neither a default's own arguments nor a sum inside the brackets.
    for child in node.iter_child_nodes():
        yield from _references(child, optional=forgiven and child is getattr(node, "node", None))
