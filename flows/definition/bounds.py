"""What a template can build is bounded: the filters it has, and the size of what they take and give."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.tests import TESTS
from pydantic import JsonValue

from flows.definition.work import CHARACTERS, TemplateProblemError, charge, cost_of

__all__ = [
    "MAX_DATA", "MAX_TEXT", "TemplateProblemError", "check_size", "compared", "filters", "join_text", "plain_json", "tests"
]  # fmt: skip

MAX_TEXT = 4 * 1024 * 1024
"""Longest text a template gives, in characters."""
MAX_DATA = 256 * 1024 * 1024
"""Largest list or mapping that an expression builds; a hundred thousand findings are a third of it."""
MAX_NUMBER_BITS = 256
MAX_DIGITS = 15
WEIGHT = 16
"""What one value counts for beside its text: about what it costs as JSON."""

_COSTS: dict[str, float] = {
    **dict.fromkeys(("abs", "default", "d", "first", "last", "length", "count"), 0),
    **dict.fromkeys(("items", "list", "reverse"), 1 / 8),
    **dict.fromkeys(("max", "min", "unique"), 1),
    **dict.fromkeys(("dictsort", "reject", "rejectattr", "select", "selectattr", "sort"), 2),
}
"""Filters that hand on values there already are, and what each item that they go through counts for."""
_TEXTUAL = ("float", "int", "lower", "string", "title", "upper")
"""Filters that write their value out as text first."""


def check_size(value: object, limit: int) -> int:
    """About how many characters `value` has as JSON. Raises TemplateProblemError when they exceed `limit`."""
    return _weight(value, limit, {})


def _weight(value: object, limit: int, known: dict[int, int]) -> int:
    if isinstance(value, str):
        total = WEIGHT + len(value)
    elif isinstance(value, Mapping | list | tuple):
        # A bomb names the same list a thousand times: it is walked once and counted each time.
        if id(value) in known:
            return known[id(value)]
        total = WEIGHT
        for item in value.values() if isinstance(value, Mapping) else value:
            total += _weight(item, limit - total, known)
        if isinstance(value, Mapping):
            total += sum(len(str(key)) for key in value)
        known[id(value)] = total
    elif isinstance(value, Undefined):
        value._fail_with_undefined_error()
    elif value is None or isinstance(value, int | float):
        if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
            raise TemplateProblemError("the number is too large")
        total = WEIGHT
    else:
        raise TemplateProblemError(f"a template cannot give a {type(value).__name__}")
    if total > limit:
        raise TemplateProblemError("the result is too long")
    return total


def join_text(pieces: Iterable[object], separator: str = "") -> str:
    """The pieces as one text. Raises TemplateProblemError when it would be too long."""
    room, parts = MAX_TEXT, []
    for piece in pieces:
        check_size(piece, MAX_TEXT)
        parts.append(str(piece))
        room -= len(parts[-1]) + len(separator)
        if room + len(separator) < 0:
            raise TemplateProblemError("the result is too long")
    return separator.join(parts)


def plain_json(value: object) -> JsonValue:
    """`value` as JSON data of its own. Raises TemplateProblemError for what JSON has no word for."""
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        raise TemplateProblemError("the number is not finite")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain_json(item) for item in value]
    raise TemplateProblemError(f"a template cannot give a {type(value).__name__}")


def filters() -> dict[str, Callable[..., Any]]:
    """The filters a template has, by name: what is left can neither build huge values nor reach Python objects."""
    known: dict[str, Callable[..., Any]] = {name: _listed(FILTERS[name], cost) for name, cost in _COSTS.items()}
    known |= {name: _written(FILTERS[name]) for name in _TEXTUAL}
    known |= {"join": _join, "map": _mapped(), "replace": _replace, "round": _round}
    return known | {"sum": _sum, "tojson": _tojson, "trim": _trim}


def tests() -> dict[str, Callable[..., Any]]:
    """The tests a template has, by name. `in` goes through what it is given."""
    known: dict[str, Any] = {**TESTS, "in": _in}
    return known


def compared(value: Any) -> Any:
    """`value`, which a comparison goes through. Raises TemplateProblemError when the template has done too much."""
    charge(cost_of(value))
    return value


def _in(value: object, container: Container[object]) -> bool:
    return value in compared(container)


def _listed(function: Callable[..., Any], cost: float) -> Callable[..., Any]:
    """A generator would carry its work out of the sandbox: lists instead."""
    takes_context = hasattr(function, "jinja_pass_arg")

    @wraps(function)  # hands on Jinja2's marks: whether the context comes as the first argument
    def bounded(*args: Any, **kwargs: Any) -> Any:
        charge(int((cost + (1 if kwargs else 0)) * cost_of(args[takes_context])) if cost else 1)
        result = function(*args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result

    return bounded


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(value: object, *args: Any, **kwargs: Any) -> Any:
        charge(4 + check_size(value, MAX_TEXT) // CHARACTERS)
        result = function(value, *args, **kwargs)
        check_size(result, MAX_TEXT)
        return result

    return bounded


def _mapped() -> Callable[..., Any]:
    function = FILTERS["map"]

    @wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> list[Any]:
        charge((2 if kwargs else 3) * cost_of(args[1]))
        result, room = [], MAX_DATA
        for item in function(*args, **kwargs):
            room -= check_size(item, room)
            result.append(item)
        return result

    return bounded


@pass_environment
def _join(environment: Environment, value: Iterable[object], d: object = "", attribute: str | None = None) -> str:
    charge(3 * cost_of(value))
    items = value if attribute is None else map(make_attrgetter(environment, attribute), value)
    return join_text(items, str(d))


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    charge(1 + check_size(value, MAX_TEXT) // CHARACTERS)
    text = str(value)
    found = text.count(str(old)) if count < 0 else min(text.count(str(old)), count)
    if len(text) + found * len(str(new)) > MAX_TEXT:
        raise TemplateProblemError("the result is too long")
    return text.replace(str(old), str(new), count)


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if not -MAX_DIGITS <= precision <= MAX_DIGITS:
        raise TemplateProblemError(f"'round' takes at most {MAX_DIGITS} digits")
    rounded: float = FILTERS["round"](value, precision, method)
    return rounded


@pass_environment
def _sum(environment: Environment, value: Iterable[float], attribute: str | None = None) -> float:
    # No start value: beginning with a list, every addition would copy all that came before it.
    charge((1 if attribute is None else 2) * cost_of(value))
    total: float = FILTERS["sum"](environment, value, attribute)
    check_size(total, MAX_TEXT)
    return total


def _tojson(value: object, indent: int | None = None) -> str:
    if indent is not None and not 0 <= indent <= MAX_DIGITS:
        raise TemplateProblemError(f"'tojson' takes an indent of at most {MAX_DIGITS}")
    charge(12 + check_size(value, MAX_TEXT) // CHARACTERS)
    # Not Jinja2's own, which writes < > & ' for HTML pages: here JSON goes into messages and files.
    text = json.dumps(plain_json(value), ensure_ascii=False, indent=indent)
    check_size(text, MAX_TEXT)
    return text


def _trim(value: object) -> str:
    charge(1 + check_size(value, MAX_TEXT) // CHARACTERS)
    return str(value).strip()
