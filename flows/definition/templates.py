"""`{{ node.output.field }}`: Jinja2's sandbox with strict undefined values and bounded arithmetic.

An input that is one whole `{{ … }}` keeps its value's type; anything else renders to text. Rendered
text is never parsed again, so one agent's output can't put structure into the next one's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

import jinja2
from jinja2 import StrictUndefined, TemplateError, nodes, pass_environment
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from flows.definition import bounds, work
from flows.definition.expressions import Path, Reference, ensured, path_of, references
from flows.definition.problems import did_you_mean
from flows.definition.work import TemplateProblemError

__all__ = ["Reference", "Template", "TemplateProblemError", "is_template", "parse", "render"]

MAX_TEMPLATE_CHARS = 20_000
MAX_DEPTH = 50
"""How deep an expression may be nested, operators in a row included; Python's own compiler ends at 200."""


class _Missing(StrictUndefined):
    """Strict, but a chain goes on from it: `a.b.c | default(x)` works when already `a.b` is missing."""


class _Generator(CodeGenerator):
    """Writes `a ~ b` and what comparisons go through as calls that can be bounded; Jinja2 intercepts arithmetic alone."""

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802 — the visitor's name
        self.write(f" {operators[node.op]} environment.compared(")
        self.visit(node.expr, frame)
        self.write(")")

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
    compared = staticmethod(bounds.compared)

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
        self.tests = {**bounds.tests()}

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
        if isinstance(result, list):
            work.charge(1 + len(result) // 16)  # each addition copies all that came before it
        return result

    # Values are JSON: a field is found by item look-up, and no attribute of a Python object is ever needed.
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        kind = type(obj)  # values are JSON: no subclass, and this is asked for every finding
        if kind is dict or kind is list:
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        elif kind is _Missing:
            return obj
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 — the sandbox's signature
        return False


@cache
def _environment() -> _Environment:
    return _Environment()


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Template:
    """A parsed template: what it reads, what it consists of, and whether it is one whole expression.

    `ensures` are paths that are there when it gives something true.
    """

    text: str
    whole: bool
    references: tuple[Reference, ...]
    plain: bool
    """Whether it is one whole reference without filters or operators, so its type is the field's."""
    expressions: tuple[nodes.Expr, ...] = field(repr=False, compare=False)
    ensures: frozenset[Path] = field(repr=False, compare=False)
    _tree: nodes.Template = field(repr=False, compare=False)

    @cached_property
    def program(self) -> jinja2.Template:
        """What renders it. Compiled when it is first asked for: a check of a thousand templates renders none."""
        tree = self._tree
        if self.whole:
            tree = nodes.Template([nodes.Assign(nodes.Name("result", "store"), self.expressions[0], lineno=1)], lineno=1)
        tree.set_environment(_environment())
        return _environment().from_string(tree)


def is_template(value: object) -> bool:
    """Whether `value` is text that Jinja2 would change."""
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


@lru_cache(maxsize=8192)
def parse(text: str) -> Template:
    """Parse `text`. Raises TemplateProblemError with the reason."""
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateProblemError(f"a template has at most {MAX_TEMPLATE_CHARS} characters")
    try:
        # Not the environment's own `parse`, which goes through the whole tree once more: see `program`.
        tree = nodes.Template(Parser(_environment(), text).subparse(), lineno=1)
        _check(tree)
        outputs = [statement for statement in tree.body if isinstance(statement, nodes.Output)]
        parts = [part for output in outputs for part in output.nodes]
        expressions = tuple(part for part in parts if not isinstance(part, nodes.TemplateData))
        whole = len(expressions) == 1 and not "".join(_texts(parts)).strip()
        return Template(
            text=text,
            whole=whole,
            references=tuple(found for part in expressions for found in references(part)),
            plain=whole and path_of(expressions[0]) is not None,
            expressions=expressions,
            ensures=ensured(expressions[0], truth=True) if whole else frozenset(),
            _tree=tree,
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
        with work.bounded():
            return _value(template, values)
    except (
        TemplateProblemError,
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        RecursionError,
        LookupError,
        SyntaxError,
        AttributeError,  # a filter that was given what it is not for
    ) as error:
        raise TemplateProblemError(f"`{_short(template.text)}`: {error}") from error


def _value(template: Template, values: Mapping[str, JsonValue]) -> JsonValue:
    if not template.whole:
        return template.program.render(dict(values))
    result: object
    if template.plain:
        result = _field(template.references[0].path, values)
    else:
        result = TemplateExpression(template.program, undefined_to_none=False)(dict(values))
    if isinstance(result, _Missing):
        result._fail_with_undefined_error()
    if not template.plain:
        bounds.check_size(result, bounds.MAX_DATA)
    return bounds.plain_json(result)


def _field(path: Path, values: Mapping[str, JsonValue]) -> object:
    # What the compiled program would do, without compiling it: a millisecond for each of the commonest templates.
    environment = _environment()
    name = str(path[0])
    value: object = values[name] if name in values else environment.undefined(name=name)
    for step in path[1:]:
        value = environment.getitem(value, step)
    return value


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 100 else f"{words[:99]}…"


def _texts(parts: Iterable[nodes.Node]) -> Iterator[str]:
    return (part.data for part in parts if isinstance(part, nodes.TemplateData))


def _check(tree: nodes.Template) -> None:
    """Refuse what can be seen to be wrong without values. Walks without recursion, however deep the tree."""
    if not all(isinstance(statement, nodes.Output) for statement in tree.body):
        raise TemplateProblemError("only {{ expressions }} are available, not {% statements %}")
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TemplateProblemError("the template is nested too deeply")
        kind = type(node)
        if kind in _CHECKED:
            _check_node(node)
        if kind not in _LEAVES:
            waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


_LEAVES = frozenset({nodes.Name, nodes.Const, nodes.TemplateData})
"""Kinds of nodes with nothing in them: half of all."""
_CHECKED = frozenset({nodes.Call, nodes.Pow, nodes.Name, nodes.Const, nodes.Filter, nodes.Test})
"""Kinds of nodes that may be refused; all of them, for Jinja2's parser makes no others of these."""


def _check_node(node: nodes.Node) -> None:
    match node:
        case nodes.Call():
            raise TemplateProblemError("nothing can be called in templates; filters are written with '|'")
        case nodes.Pow():
            raise TemplateProblemError("'**' is not available in templates")
        case nodes.Name(name="self"):
            raise TemplateProblemError("'self' is not available in templates")
        case nodes.Const(value=value) if value in (float("inf"), float("-inf")):
            raise TemplateProblemError("the number is too large")
        case nodes.Filter():
            _check_named(node, "filter", _environment().filters)
        case nodes.Test():
            _check_named(node, "test", _environment().tests)


def _check_named(node: nodes.Filter | nodes.Test, what: str, known: Mapping[str, object]) -> None:
    _check_arguments(node)
    if node.name not in known:
        raise TemplateProblemError(f"there is no {what} '{node.name}'. {did_you_mean(node.name, known)}")


def _check_arguments(node: nodes.Filter | nodes.Test) -> None:
    # Python's compiler would refuse the first, when the template is rendered; nobody needs the second.
    names = [pair.key for pair in node.kwargs]
    if len(set(names)) < len(names):
        raise TemplateProblemError(f"'{node.name}' is given an argument twice")
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateProblemError(f"the arguments of '{node.name}' are written out, not unpacked")
