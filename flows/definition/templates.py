"""`{{ node.output.field }}`: Jinja2's sandbox with strict undefined values and bounded arithmetic.

An input that is one whole `{{ … }}` keeps its value's type; anything else renders to text. Rendered
text is never parsed again, so one agent's output can't put structure into the next one's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from flows.errors import DockyardError

MAX_TEMPLATE_CHARS = 20_000
MAX_RESULT_CHARS = 4 * 1024 * 1024
MAX_NUMBER_BITS = 256


class TemplateProblemError(DockyardError):
    """A template cannot be parsed or rendered; the text says where and why."""


class _Missing(StrictUndefined):
    """Strict, but a chain goes on from it: `a.b.c | default(x)` works when already `a.b` is missing."""


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox with arithmetic that can't blow up and without attributes of Python objects."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Missing, autoescape=False, cache_size=0)
        # What is left can neither build huge values nor reach Python objects.
        self.globals = {}
        keep = {"default", "d", "length", "count", "join", "upper", "lower", "title", "trim", "first",
                "last", "sort", "unique", "int", "float", "string", "round", "sum", "min", "max", "list",
                "replace", "map", "select", "reject", "selectattr", "rejectattr", "tojson", "abs", "dictsort",
                "reverse", "items"}  # fmt: skip
        self.filters = {name: function for name, function in self.filters.items() if name in keep}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise TemplateProblemError("'**' is not available in templates")
        if operator == "%" and isinstance(left, str):
            raise TemplateProblemError("'%' formats nothing in templates; use '~' to join text")
        if operator == "*" and not (_number(left) and _number(right)):
            raise TemplateProblemError("'*' multiplies numbers only")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > MAX_NUMBER_BITS:
            raise TemplateProblemError("the number is too large")
        if isinstance(result, str | list) and len(result) > MAX_RESULT_CHARS:
            raise TemplateProblemError("the text is too long")
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


def is_template(value: object) -> bool:
    """Whether `value` is text that Jinja2 would change."""
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


def parse(text: str) -> Template:
    """Parse `text`. Raises TemplateProblemError with Jinja2's reason."""
    text = text.strip()
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateProblemError(f"a template has at most {MAX_TEMPLATE_CHARS} characters")
    try:
        tree = _Environment().parse(text)
    except TemplateError as error:
        raise TemplateProblemError(f"not a valid template: {error.message}") from error
    except RecursionError as error:
        raise TemplateProblemError("the template is nested too deeply") from error
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            raise TemplateProblemError("only {{ expressions }} are available, not {% statements %}")
    parts = [part for statement in tree.body if isinstance(statement, nodes.Output) for part in statement.nodes]
    whole = len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)
    return Template(
        text=text,
        whole=whole,
        references=tuple(reference for part in parts for reference in _references(part, optional=False)),
        plain=whole and _path(parts[0]) is not None,
    )


def render(template: Template, values: Mapping[str, JsonValue]) -> JsonValue:
    """The template's value for `values`. Raises TemplateProblemError."""
    environment = _Environment()
    try:
        if template.whole:
            inner = template.text.removeprefix("{{").removesuffix("}}").strip("-").strip()
            compiled = environment.compile_expression(inner, undefined_to_none=False)
            result = compiled(**values)
            if isinstance(result, _Missing):
                _fail(result)
            return _plain_json(result)
        text = environment.from_string(template.text).render(**values)
    except TemplateProblemError:
        raise
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError, KeyError) as error:
        raise TemplateProblemError(f"`{template.text}`: {error}") from error
    if len(text) > MAX_RESULT_CHARS:
        raise TemplateProblemError(f"`{template.text}`: the text is too long")
    return text


def _fail(missing: _Missing) -> NoReturn:
    missing._fail_with_undefined_error()


def _plain_json(value: Any) -> JsonValue:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain_json(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain_json(item) for item in value]
    raise TemplateProblemError(f"a template cannot give a {type(value).__name__}")


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
    tolerant = (isinstance(node, nodes.Filter) and node.name in ("default", "d")) or (
        isinstance(node, nodes.Test) and node.name in ("defined", "undefined")
    )
    for child in node.iter_child_nodes():
        yield from _references(child, optional=optional or tolerant)
