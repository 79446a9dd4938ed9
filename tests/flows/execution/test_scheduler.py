"""What starts, what is skipped, what fails: the table of the module, and any graph against a plain model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.definition.graph import Graph
from flows.definition.schema import RunIf, Workflow
from flows.definition.status import NodeStatus
from flows.execution.scheduler import Outcome, Turn, next_turn

if TYPE_CHECKING:
    from pydantic import JsonValue

COMPLETED = Outcome(NodeStatus.COMPLETED, output={"n": 3, "flag": False})
FAILED = Outcome(NodeStatus.FAILED, error="it broke")
SKIPPED = Outcome(NodeStatus.SKIPPED, error="not needed")
ENDINGS = {
    "completed": COMPLETED,
    "failed": FAILED,
    "timed-out": Outcome(NodeStatus.TIMED_OUT, error="too slow"),
    "cancelled": Outcome(NodeStatus.CANCELLED, error="stopped"),
    "skipped": SKIPPED,
}
VALUES: dict[str, JsonValue] = {"params": {"loud": True}, "run": {"id": "r"}}


def workflow(*nodes: Mapping[str, object], edges: tuple[str, ...] = ()) -> Workflow:
    """Nodes of one agent, and edges written `a>b`."""
    return Workflow.model_validate(
        {
            "name": "sample",
            "nodes": [{"agent": "x", **node} for node in nodes],
            "edges": [{"from": edge.split(">")[0], "to": edge.split(">")[1]} for edge in edges],
        }
    )


def turn(made: Workflow, outcomes: Mapping[str, Outcome], started: frozenset[str] = frozenset()) -> Turn:
    """The scheduler's answer."""
    return next_turn(made, Graph.of(made), outcomes, started, VALUES)


def after(run_if: RunIf, **dependencies: Outcome) -> Turn:
    """What becomes of a node `z` with these dependencies."""
    nodes = [{"id": name} for name in dependencies]
    made = workflow(*nodes, {"id": "z", "run_if": run_if}, edges=tuple(f"{name}>z" for name in dependencies))
    return turn(made, dependencies)


def fate(answer: Turn, node: str = "z") -> str:
    """`starts`, or the status the node ended with."""
    return "starts" if node in answer.ready else answer.ended[node].status.value


def wanted(run_if: RunIf, statuses: tuple[str, ...]) -> str:
    """The module's table, written out once more."""
    if run_if is RunIf.ALWAYS:
        return "starts"
    if any(status in ("failed", "timed-out", "cancelled") for status in statuses):
        return "starts" if run_if is RunIf.FAILURE else "skipped"
    all_completed = all(status == "completed" for status in statuses)
    return "starts" if run_if is RunIf.SUCCESS and all_completed else "skipped"


@pytest.mark.parametrize("run_if", RunIf)
@pytest.mark.parametrize("statuses", [*product(ENDINGS, repeat=1), *product(ENDINGS, repeat=2)], ids="-".join)
def test_the_table_of_run_if(run_if: RunIf, statuses: tuple[str, ...]) -> None:
    answer = after(run_if, **{f"d{index}": ENDINGS[status] for index, status in enumerate(statuses)})
    assert fate(answer) == wanted(run_if, statuses)
    assert set(answer.ready) | set(answer.ended) == {"z"}


@pytest.mark.parametrize(
    ("run_if", "ends"), [(RunIf.SUCCESS, "starts"), (RunIf.ALWAYS, "starts"), (RunIf.FAILURE, "skipped")]
)
def test_a_node_that_waits_for_nobody(run_if: RunIf, ends: str) -> None:
    assert fate(after(run_if)) == ends


@pytest.mark.parametrize("run_if", RunIf)
def test_nothing_is_decided_before_every_dependency_ended(run_if: RunIf) -> None:
    made = workflow({"id": "a"}, {"id": "b"}, {"id": "z", "run_if": run_if}, edges=("a>z", "b>z"))
    answer = turn(made, {"a": FAILED}, started=frozenset({"b"}))
    assert answer == Turn({}, {})


def test_the_reason_of_a_skip_names_who_is_to_blame() -> None:
    answer = after(RunIf.SUCCESS, b=FAILED, a=SKIPPED, c=COMPLETED)
    assert answer.ended["z"].error == "it needs success, but 'a' skipped, 'b' failed"
    assert after(RunIf.FAILURE, a=COMPLETED).ended["z"].error == "nothing it waits for failed"


@pytest.mark.parametrize(
    ("when", "ends"),
    [
        ("{{ a.output.n > 2 }}", "starts"),
        ("{{ a.output.n > 3 }}", "skipped"),
        ("{{ a.output.flag }}", "skipped"),
        ("{{ params.loud }}", "starts"),
        ("{{ 0 }}", "skipped"),
        ("{{ '' }}", "skipped"),
        ("{{ [] }}", "skipped"),
        ("{{ none }}", "skipped"),
        ("{{ 'false' }}", "starts"),
        ("{{ a.status == 'completed' }}", "starts"),
        ("{{ a.output.nope }}", "failed"),
        ("{{ 1 / 0 }}", "failed"),
    ],
)
def test_a_condition_decides_last(when: str, ends: str) -> None:
    made = workflow({"id": "a"}, {"id": "z", "when": when}, edges=("a>z",))
    answer = turn(made, {"a": COMPLETED})
    assert fate(answer) == ends
    if ends == "skipped":
        assert answer.ended["z"].error == "its condition `when` was false"


def test_a_condition_is_not_asked_when_the_node_would_not_start_anyway() -> None:
    made = workflow({"id": "a"}, {"id": "z", "when": "{{ a.output.n / 0 }}"})
    assert fate(turn(made, {"a": FAILED})) == "skipped"


def test_an_input_that_cannot_be_rendered_fails_the_node_with_the_reason() -> None:
    made = workflow({"id": "a"}, {"id": "z", "inputs": {"x": "{{ a.output.nope }}"}})
    outcome = turn(made, {"a": COMPLETED}).ended["z"]
    assert outcome.status is NodeStatus.FAILED
    assert outcome.error is not None
    assert outcome.error.startswith("`{{ a.output.nope }}`: ")


def test_inputs_are_rendered_wherever_they_stand() -> None:
    inputs = {
        "n": "{{ a.output.n }}",
        "text": "n={{ a.output.n }}",
        "deep": [{"er": "{{ a.output }}"}, 5, None],
        "plain": "a > b",
    }
    made = workflow({"id": "a"}, {"id": "z", "inputs": inputs})
    assert turn(made, {"a": COMPLETED}).ready["z"] == {
        "n": 3, "text": "n=3", "deep": [{"er": {"n": 3, "flag": False}}, 5, None], "plain": "a > b"
    }  # fmt: skip


def test_what_an_agent_gave_is_not_rendered_again() -> None:
    made = workflow({"id": "a"}, {"id": "z", "inputs": {"x": "{{ a.output.x }}", "y": "<{{ a.output.x }}>"}})
    hostile = Outcome(NodeStatus.COMPLETED, output={"x": "{{ params.loud }}"})
    assert turn(made, {"a": hostile}).ready["z"] == {"x": "{{ params.loud }}", "y": "<{{ params.loud }}>"}


def test_an_always_node_sees_how_the_others_ended() -> None:
    message = "{{ a.status }} {{ a.error }} {{ a.output.n | default('-') }} {{ b.output.n | default('-') }}"
    made = workflow({"id": "a"}, {"id": "b"}, {"id": "z", "run_if": "always", "inputs": {"x": message}})
    assert turn(made, {"a": FAILED, "b": COMPLETED}).ready["z"] == {"x": "failed it broke - 3"}


def test_only_what_a_node_waits_for_can_be_seen() -> None:
    made = workflow({"id": "a"}, {"id": "b"}, {"id": "z", "inputs": {"x": "{{ a.status }}"}})
    assert turn(made, {"a": COMPLETED}, started=frozenset({"b"})).ready == {"z": {"x": "completed"}}


def test_skips_follow_from_skips_in_one_turn_and_always_ends_the_chain() -> None:
    made = workflow(
        *({"id": name} for name in "abcd"), {"id": "z", "run_if": "always"}, {"id": "f", "run_if": "failure"},
        edges=("a>b", "b>c", "c>d", "d>z", "d>f"),
    )  # fmt: skip
    answer = turn(made, {"a": FAILED})
    assert {name: outcome.status for name, outcome in answer.ended.items()} == dict.fromkeys("bcdf", NodeStatus.SKIPPED)
    assert list(answer.ready) == ["z"]


def test_what_ended_or_started_is_left_alone() -> None:
    made = workflow({"id": "a"}, {"id": "b"}, {"id": "c"})
    assert turn(made, {"a": COMPLETED}, started=frozenset({"a", "b"})) == Turn({"c": {}}, {})


@dataclass
class Made:
    """A random workflow and how its nodes would end once started."""

    workflow: Workflow
    ends: dict[str, Outcome]
    order: list[int] = field(default_factory=list)


@st.composite
def made_workflows(draw: st.DrawFn) -> Made:
    """Up to 60 nodes; edges go from lower to higher numbers, the file's order is shuffled."""
    size = draw(st.integers(1, 60))
    nodes: list[dict[str, object]] = []
    edges = []
    for index in range(size):
        before = draw(st.sets(st.integers(0, index - 1), max_size=4)) if index else set()
        node: dict[str, object] = {"id": f"n{index}", "run_if": draw(st.sampled_from(RunIf))}
        node["when"] = draw(st.sampled_from([None, None, None, "{{ params.loud }}", "{{ not params.loud }}", "{{ 1 / 0 }}"]))
        implied = draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
        node["inputs"] = {f"from{other}": f"{{{{ n{other}.status }}}}" for other in sorted(implied)}
        edges += [f"n{other}>n{index}" for other in sorted(before - implied)]
        nodes.append(node)
    shuffled = draw(st.permutations(nodes))
    ends = {f"n{index}": draw(st.sampled_from([COMPLETED, COMPLETED, *ENDINGS.values()])) for index in range(size)}
    ends = {name: COMPLETED if outcome is SKIPPED else outcome for name, outcome in ends.items()}
    return Made(workflow(*shuffled, edges=tuple(draw(st.permutations(edges)))), ends, draw(st.permutations(range(size))))


def model(made: Made) -> dict[str, NodeStatus]:
    """How every node ends, by plain recursion: no turns, no order."""
    graph = Graph.of(made.workflow)
    known: dict[str, NodeStatus] = {}

    def ends(name: str) -> NodeStatus:
        if name not in known:
            node = made.workflow.node(name)
            before = tuple(ends(other).value for other in sorted(graph.dependencies[name]))
            lonely = not before and node.run_if is RunIf.FAILURE
            if lonely or wanted(node.run_if, before) == "skipped" or node.when == "{{ not params.loud }}":
                known[name] = NodeStatus.SKIPPED
            elif node.when == "{{ 1 / 0 }}":
                known[name] = NodeStatus.FAILED
            else:
                known[name] = made.ends[name].status
        return known[name]

    return {node.id: ends(node.id) for node in made.workflow.nodes}


def drive(made: Made, width: int) -> tuple[dict[str, NodeStatus], list[str]]:
    """Run the scheduler to the end, at most `width` nodes at once, ending in the drawn order."""
    graph = Graph.of(made.workflow)
    outcomes: dict[str, Outcome] = {}
    started: dict[str, None] = {}
    story: list[str] = []
    for _ in range(3 * len(made.workflow.nodes) + 3):
        answer = next_turn(made.workflow, graph, outcomes, started.keys(), VALUES)
        for name, outcome in answer.ended.items():
            assert name not in outcomes
            assert name not in started
            outcomes[name] = outcome
            story.append(f"{name} {outcome.status.value}")
        for name, inputs in answer.ready.items():
            assert name not in started
            assert graph.dependencies[name] <= outcomes.keys()
            assert inputs == {f"from{key[4:]}": outcomes[f"n{key[4:]}"].status.value for key in inputs}
            if len(started.keys() - outcomes.keys()) < width:
                started[name] = None
                story.append(f"{name} starts")
        running = sorted(started.keys() - outcomes.keys(), key=lambda name: made.order.index(int(name[1:])))
        if running:
            outcomes[running[0]] = made.ends[running[0]]
            story.append(f"{running[0]} {made.ends[running[0]].status.value}")
        elif len(outcomes) == len(made.workflow.nodes):
            return {name: outcome.status for name, outcome in outcomes.items()}, story
    raise AssertionError(f"no end after {len(story)} steps: {story}")


@settings(max_examples=150, deadline=None)
@given(made_workflows(), st.integers(1, 8))
def test_any_graph_ends_as_the_plain_model_says_whatever_the_order(made: Made, width: int) -> None:
    ended, story = drive(made, width)
    assert ended == model(made)
    assert drive(made, width) == (ended, story)
    assert drive(made, 60)[0] == ended
