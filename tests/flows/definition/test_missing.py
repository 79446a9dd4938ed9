"""What DY010 says is what happens: random small graphs, and every way in which each can end."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.definition import loader
from flows.definition.branches import Branches
from flows.definition.graph import Graph
from flows.definition.problems import DefinitionError, Problem
from flows.definition.schema import Workflow
from tests.flows.definition.conftest import MANIFESTS

COMPLETED, FAILED, CONTINUED, PASSED, SKIPPED_AFTER = "completed", "failed", "continued", "passed", "after a failure"
NAMES = "abcde"


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to five nodes; each reads some that stand before it, and may have a condition, a handler or a `run_if`."""
    size = draw(st.integers(2, 5))
    nodes: list[dict[str, Any]] = []
    for index in range(size):
        before = NAMES[:index]
        nodes.append(
            {
                "id": NAMES[index],
                "reads": sorted(draw(st.sets(st.sampled_from(before), max_size=3)) if before else ()),
                "when": draw(st.booleans()),
                "run_if": draw(st.sampled_from(["success", "success", "success", "failure", "always"])),
                "on_error": draw(st.sampled_from(["fail", "fail", "continue", *NAMES[index + 1 : size]])),
            }
        )
    handlers = {node["on_error"] for node in nodes}
    for node in nodes:
        if node["id"] in handlers:
            node["run_if"] = "success"
    return nodes


def ends(nodes: list[dict[str, Any]], choice: tuple[tuple[bool, bool], ...]) -> tuple[dict[str, str], set[str]]:
    """How every node ends when its condition and its agent turn out as chosen, and which nodes started."""
    how: dict[str, str] = {}
    started: set[str] = set()
    for node, (condition, works) in zip(nodes, choice, strict=True):
        handled = [other["id"] for other in nodes if other["on_error"] == node["id"]]
        seen = [how[other] for other in {*node["reads"], *handled}]
        hurt = any(status in (FAILED, SKIPPED_AFTER) for status in seen)
        if handled:
            starts = any(how[other] == FAILED for other in handled)
        elif node["run_if"] == "always":
            starts = True
        elif node["run_if"] == "failure":
            starts = hurt
        else:
            starts = not hurt and (not seen or any(status != PASSED for status in seen))
        if not starts:
            after = hurt and not handled and node["run_if"] == "success"
            how[node["id"]] = SKIPPED_AFTER if after else PASSED
        elif node["when"] and not condition:
            how[node["id"]] = PASSED
        else:
            started.add(node["id"])
            how[node["id"]] = COMPLETED if works else CONTINUED if node["on_error"] == "continue" else FAILED
    return how, started


def missing(nodes: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Which reads can meet nothing, by trying all there is."""
    found = set()
    for choice in product(product((True, False), repeat=2), repeat=len(nodes)):
        how, started = ends(nodes, choice)
        found |= {(n["id"], read) for n in nodes if n["id"] in started for read in n["reads"] if how[read] != COMPLETED}
    return found


def told(nodes: list[dict[str, Any]]) -> tuple[set[tuple[str, str]], set[str]]:
    """Which reads lint refuses, and which nodes it says never start."""
    listed = []
    for node in nodes:
        message = " ".join(f"{{{{ {read}.output.name }}}}" for read in node["reads"])
        entry = {"id": node["id"], "agent": "teller", "inputs": {"message": message or "x"}}
        entry |= {"agent": "scanner", "inputs": {"scope": message or "x"}, "run_if": node["run_if"]}
        entry |= {"on_error": node["on_error"]} | (
            {"when": f"{{{{ params.ref != '{node['id']}' }}}}"} if node["when"] else {}
        )
        listed.append(json.dumps(entry))
    text = "name: x\nnodes:\n" + "\n".join(f"- {entry}" for entry in listed)
    problems = lint(text)
    assert {problem.code for problem in problems} <= {"DY010", "DY014"}
    reads = [problem for problem in problems if problem.code == "DY010"]
    never = {NAMES[problem.line - 3] for problem in problems if problem.code == "DY014"}
    return {(NAMES[problem.line - 3], problem.message[1]) for problem in reads}, never


def lint(text: str) -> tuple[Problem, ...]:
    """Every problem of `text`."""
    try:
        loader.load(text, manifests=MANIFESTS)
    except DefinitionError as error:
        return error.problems
    return ()


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_read_that_can_meet_nothing_is_let_through(nodes: list[dict[str, Any]]) -> None:
    refused, never = told(nodes)
    assert {read for read in missing(nodes) if read[0] not in never} <= refused


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_a_node_that_is_said_never_to_start_never_does(nodes: list[dict[str, Any]]) -> None:
    _, never = told(nodes)
    for choice in product(product((True, False), repeat=2), repeat=len(nodes)):
        assert never.isdisjoint(ends(nodes, choice)[1])


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_without_handlers_and_failure_nodes_nothing_sound_is_refused(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        # What another test covers: with these, lint is careful rather than exact.
        node["on_error"] = node["on_error"] if node["on_error"] in ("fail", "continue") else "fail"
        node["run_if"] = "success"
    assert told(nodes)[0] == missing(nodes)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_nodes_without_a_report_in_a_run_that_completes_are_known(nodes: list[dict[str, Any]]) -> None:
    workflow = Workflow.model_validate(
        {
            "name": "x",
            "nodes": [
                {key: node[key] for key in ("id", "run_if", "on_error")}
                | {"agent": "scanner"}
                | ({"when": "{{ params.ref }}"} if node["when"] else {})
                for node in nodes
            ],
            "edges": [{"from": read, "to": node["id"]} for node in nodes for read in node["reads"]],
        }
    )
    silent = Branches(workflow, Graph.of(workflow)).silent
    for choice in product(product((True, False), repeat=2), repeat=len(nodes)):
        how, _ = ends(nodes, choice)
        completes = all(how[node["id"]] != FAILED or how.get(node["on_error"]) == COMPLETED for node in nodes)
        if completes:
            assert {name for name, status in how.items() if status != COMPLETED} <= silent
