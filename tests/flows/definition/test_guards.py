"""Conditions that make sure of a report: what they let pass never misses one when it is rendered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from flows.definition.expressions import ensured
from flows.definition.status import NodeStatus
from flows.definition.templates import TemplateProblemError, parse, render

ATOMS = st.sampled_from(
    [
        f"{node}.{rest}"
        for node in ("scan", "review")
        for rest in (
            "status == 'completed'",
            "status != 'completed'",
            "status == 'failed'",
            "output is defined",
            "output.n is undefined",
            "error is none",
        )
    ]
    + ["'completed' == scan.status", "params.loud"]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} and {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
    ),
    max_leaves=6,
)


def view(status: NodeStatus) -> dict[str, object]:
    """A node as templates see it."""
    error = None if status.ok else "no"
    return {"status": status.value, "error": error, **({"output": {"n": 1}} if status.ok else {})}


def is_sure(text: str) -> bool:
    """Whether every value that the template reads out of a report is called optional, or there by a condition."""
    return all(
        found.optional or any(known[:2] == found.path[:2] for known in found.present)
        for found in parse(text).references
        if found.path[1:] == ("output", "n")
    )


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, st.sampled_from(NodeStatus), st.sampled_from(NodeStatus), st.booleans())
def test_what_is_sure_never_misses(condition: str, scan: NodeStatus, review: NodeStatus, loud: bool) -> None:
    values = {"scan": view(scan), "review": view(review), "params": {"loud": loud}}
    for text in (
        f"{{{{ scan.output.n if {condition} else 0 }}}}",
        f"{{{{ 0 if {condition} else scan.output.n }}}}",
        f"{{{{ {condition} and scan.output.n > 0 }}}}",
        f"{{{{ {condition} or scan.output.n > 0 }}}}",
    ):
        if is_sure(text):
            render(parse(text), values)  # type: ignore[arg-type] # JSON, as the scheduler's
    if render(parse(f"{{{{ {condition} }}}}"), values):  # type: ignore[arg-type]
        (output,) = Environment(autoescape=True).parse(f"{{{{ {condition} }}}}").body
        for node, *_ in ensured(output.nodes[0], truth=True):  # type: ignore[attr-defined] # an Output
            assert {"scan": scan, "review": review}[str(node)].ok


@pytest.mark.parametrize(
    "text",
    [
        "{{ scan.output.n if scan.status == 'completed' else 0 }}",
        "{{ 0 if scan.status != 'completed' else scan.output.n }}",
        "{{ scan.output.n if scan.output is defined else 0 }}",
        "{{ scan.output.n if not (scan.status != 'completed' or params.loud) else 0 }}",
        "{{ scan.status == 'completed' and scan.output.n > 0 }}",
        "{{ scan.status != 'completed' or scan.output.n > 0 }}",
        "{{ 'none' if scan.status != 'completed' else 'some' if scan.output.n else 'nought' }}",
        "found {{ scan.output.n if scan.status == 'completed' else 'nothing' }} there",
    ],
)
def test_a_reference_behind_a_condition_is_sure(text: str) -> None:
    assert is_sure(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ scan.output.n }}",
        "{{ 0 if scan.status == 'completed' else scan.output.n }}",
        "{{ scan.output.n if scan.status == 'failed' else 0 }}",
        "{{ scan.output.n if review.status == 'completed' else 0 }}",
        "{{ scan.output.n if scan.status == 'completed' or params.loud else 0 }}",
        "{{ scan.output.n > 0 and scan.status == 'completed' }}",
        "{{ scan.output.n if scan.output.n > 0 else 0 }}",
    ],
)
def test_a_reference_that_is_only_near_a_condition_is_not(text: str) -> None:
    assert not is_sure(text)
    values = {"scan": view(NodeStatus.FAILED), "review": view(NodeStatus.COMPLETED), "params": {"loud": True}}
    with pytest.raises(TemplateProblemError):
        render(parse(text), values)  # type: ignore[arg-type]
