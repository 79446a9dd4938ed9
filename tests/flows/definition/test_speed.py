"""A check costs what the file is long, not its square: large graphs, and files with thousands of mistakes.

Counted in calls of Python functions, which are the same on every machine; `make bench` prints seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from flows.definition import loader, templates
from flows.definition.loader import Definition
from flows.definition.problems import DefinitionError, Problem
from tests.bench.graphs import workflow

LINEAR = 2.5
"""A file twice as long costs at most this much more."""


def cost(text: str) -> tuple[int, Definition | tuple[Problem, ...]]:
    """Calls that a check makes, at the first look, and what came of it."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    _check(nodes(1, "{id: n{n}, agent: code-reviewer}"))  # what is made once is not the file's cost
    templates.parse.cache_clear()
    sys.setprofile(count)
    try:
        outcome = _check(text)
    finally:
        sys.setprofile(None)
    return calls, outcome


def _check(text: str) -> Definition | tuple[Problem, ...]:
    try:
        return loader.load(text)
    except DefinitionError as error:
        return error.problems


def test_a_thousand_nodes_cost_twice_what_half_of_them_cost() -> None:
    half, _ = cost(workflow(500))
    whole, made = cost(workflow(1000))
    assert isinstance(made, Definition)
    assert len(made.workflow.nodes) == 1000
    assert sum(len(found) for found in made.graph.dependencies.values()) >= 1497
    assert whole < LINEAR * half


@pytest.mark.parametrize("size", [3, 4, 10, 300])
def test_generated_graphs_of_other_sizes_are_sound(size: int) -> None:
    assert len(loader.load(workflow(size)).workflow.nodes) == size


def nodes(count: int, line: str) -> str:
    """`count` nodes, `{n}` in each standing for its number, `{m}` for the one before."""
    return "name: x\nnodes:\n" + "".join(
        "  - " + line.replace("{n}", str(n)).replace("{m}", str(max(n - 1, 0))) + "\n" for n in range(count)
    )


def circle(count: int) -> str:
    """Edges through `count` nodes and back."""
    return "edges:\n" + "".join(f"  - {{from: n{n}, to: n{(n + 1) % count}}}\n" for n in range(count))


MISTAKES: dict[str, tuple[Callable[[int], str], str]] = {
    "references": (
        lambda count: nodes(count, '{id: node_{n}, agent: notifier, inputs: {message: "{{ nod_{n}.output.x }}"}}'),
        "DY009",
    ),
    "agents": (lambda count: nodes(count, "{id: n{n}, agent: scanner-{n}}"), "DY004"),
    "keys": (lambda count: nodes(count, "{id: n{n}, agent: notifier, massage: x}"), "DY002"),
    "edges": (lambda count: nodes(1, "{id: x, agent: code-reviewer}") + circle(count), "DY007"),
    "a circle": (lambda count: nodes(count, "{id: n{n}, agent: code-reviewer}") + circle(count), "DY006"),
    "handlers": (lambda count: nodes(count, "{id: n{n}, agent: code-reviewer, on_error: m{n}}"), "DY017"),
    "branches": (
        lambda count: nodes(
            count,
            "{id: n{n}, agent: code-reviewer, when: \"{{ params.ref != 'a{n}' }}\", "
            'inputs: {max_complexity: "{{ n{m}.output.summary.total + n0.output.summary.total }}"}}',
        ).replace('"{{ n0.output.summary.total + n0.output.summary.total }}"', "1"),
        "DY010",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_twice_the_mistakes_cost_twice_as_much(mistake: str) -> None:
    made, code = MISTAKES[mistake]
    half, _ = cost(made(200))
    whole, found = cost(made(400))
    assert isinstance(found, tuple)
    assert code in {problem.code for problem in found}
    assert len(found) >= (1 if code == "DY006" else 398)
    assert whole < LINEAR * half


def unlike(count: int) -> str:
    """A fan-out over a list of `count` items, no two of the same shape."""
    items = ", ".join(f"{{a{n}: {{b{n}: 1}}}}" for n in range(count))
    return nodes(1, "{id: n, agent: notifier, for_each: [[" + items + '], []], inputs: {message: "{{ item[0].zz }}"}}')


def test_items_that_are_all_unlike_are_looked_at_once() -> None:
    half, _ = cost(unlike(1000))
    whole, found = cost(unlike(2000))
    assert isinstance(found, tuple)
    assert [problem.code for problem in found] == ["DY009"]
    assert whole < LINEAR * half
