"""Who waits for whom."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition.graph import Graph, texts
from flows.definition.schema import Workflow


def workflow(nodes: dict[str, str | None], *edges: str) -> Workflow:
    """Nodes by id with their message, and edges written `a>b`."""
    return Workflow.model_validate(
        {
            "name": "sample",
            "nodes": [
                {"id": node_id, "agent": "teller", "inputs": {"message": text} if text else {}}
                for node_id, text in nodes.items()
            ],
            "edges": [{"from": edge.split(">")[0], "to": edge.split(">")[1]} for edge in edges],
        }
    )


def graph(nodes: str, *edges: str) -> Graph:
    """A graph of nodes named by one letter each."""
    return Graph.of(workflow(dict.fromkeys(nodes), *edges))


def test_edges_and_templates_both_say_who_waits() -> None:
    made = Graph.of(workflow({"a": None, "b": "{{ a.status }}", "c": "{{ a.output.x }} {{ b.error }}", "d": None}, "c>d"))
    assert made.dependencies == {"a": frozenset(), "b": {"a"}, "c": {"a", "b"}, "d": {"c"}}


def test_conditions_and_nested_inputs_count() -> None:
    made = Workflow.model_validate(
        {
            "name": "sample",
            "nodes": [
                {"id": "a", "agent": "x"},
                {"id": "b", "agent": "x"},
                {"id": "c", "agent": "x", "when": "{{ a.output.x }}", "inputs": {"deep": [{"er": "{{ b.output.y }}"}]}},
            ],
        }
    )
    assert Graph.of(made).dependencies["c"] == {"a", "b"}
    assert list(texts(made.node("c"))) == [
        (("when",), "{{ a.output.x }}"),
        (("inputs", "deep", 0, "er"), "{{ b.output.y }}"),
    ]


def test_params_and_the_run_are_no_nodes() -> None:
    made = Graph.of(workflow({"a": "{{ params.x }} {{ run.id }} {{ nobody.output }}"}, "a>nobody", "nobody>a"))
    assert made.dependencies == {"a": frozenset()}


@pytest.mark.parametrize(
    ("nodes", "edges", "order"),
    [
        ("abc", (), "abc"),
        ("cba", (), "cba"),
        ("abc", ("c>a",), "bca"),
        ("abcd", ("a>b", "a>c", "b>d", "c>d"), "abcd"),
        ("dcba", ("a>b", "a>c", "b>d", "c>d"), "acbd"),
    ],
)
def test_the_order_is_the_files_where_it_can_be(nodes: str, edges: tuple[str, ...], order: str) -> None:
    assert "".join(graph(nodes, *edges).order) == order


def test_the_order_does_not_depend_on_how_edges_are_written() -> None:
    edges = [f"{a}>{b}" for a in "abcdef" for b in "ghijkl"]
    wanted = graph("abcdefghijkl", *edges).order
    for seed in range(20):
        random.Random(seed).shuffle(edges)
        assert graph("abcdefghijkl", *edges).order == wanted


@pytest.mark.parametrize(
    ("nodes", "edges", "cycle"),
    [
        ("a", ("a>a",), "aa"),
        ("ab", ("a>b", "b>a"), "aba"),
        ("abc", ("a>b", "b>c", "c>a"), "abca"),
        ("abcd", ("a>b", "b>c", "c>b", "c>d"), "bcb"),
        ("zyxw", ("w>x", "x>y", "y>x", "y>z"), "xyx"),
    ],
)
def test_a_cycle_is_told_as_a_path(nodes: str, edges: tuple[str, ...], cycle: str) -> None:
    assert "".join(graph(nodes, *edges).cycle() or ()) == cycle


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_order_and_cycle_agree_with_what_they_say(made: tuple[int, set[tuple[int, int]]]) -> None:
    size, pairs = made
    names = "abcdefghijkl"[:size]
    known = graph(names, *(f"{names[a]}>{names[b]}" for a, b in pairs))
    place = {name: index for index, name in enumerate(known.order)}
    for name in known.order:
        assert all(place[dependency] < place[name] for dependency in known.dependencies[name])
    cycle = known.cycle()
    assert (cycle is None) == (len(known.order) == size)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(before in known.dependencies[after] for before, after in pairwise(cycle))
