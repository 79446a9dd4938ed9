"""What a run would do, as far as that is known before it."""

from __future__ import annotations

import pytest

from flows.definition.library import Folder
from flows.definition.loader import load
from flows.errors import InvalidInputError
from flows.reports.planned import Expectation, PlannedNode, RunPlan
from flows.service.plan import plan
from flows.settings import ROOT
from tests.flows.definition.conftest import MANIFESTS

PLANS = ROOT / "tests" / "data" / "plans"


def planned(text: str, **typed: str) -> RunPlan:
    return plan(load(text, "w.yaml", MANIFESTS, Folder(PLANS)), typed)


def large(**typed: str) -> dict[str, PlannedNode]:
    found = planned((PLANS / "large.yaml").read_text(encoding="utf-8"), **typed)
    return {node.name: node for node in found.nodes()}


def test_waves_hold_what_can_run_at_once() -> None:
    found = planned((PLANS / "triage.yaml").read_text(encoding="utf-8"))
    assert [[node.id for node in wave] for wave in found.waves] == [["scan", "deep"], ["tell"]]
    assert [[node.id for node in wave] for wave in found.last] == [["tidy"]]


def test_no_node_stands_before_what_it_waits_for() -> None:
    found = planned((PLANS / "large.yaml").read_text(encoding="utf-8"))
    level = {node.id: index for index, wave in enumerate((*found.waves, *found.last)) for node in wave}
    for wave in (*found.waves, *found.last):
        for node in wave:
            assert all(level[wait.node] < level[node.id] for wait in node.after)


def test_a_condition_over_params_is_decided_and_skips_what_follows() -> None:
    quick, full = large(), large(depth="full")
    wanted = {"full": "skipped", "after_full": "skipped", "quick": "starts", "join": "starts", "sub.deep": "skipped"}
    assert {name: quick[name].expectation.value for name in wanted} == wanted
    wanted = {"full": "starts", "after_full": "starts", "quick": "skipped", "join": "starts", "sub.deep": "starts"}
    assert {name: full[name].expectation.value for name in wanted} == wanted


def test_a_condition_over_reports_is_open_and_so_is_what_hangs_on_it_alone() -> None:
    found = planned(
        "name: w\nnodes:\n"
        "  - {id: a, agent: scanner}\n"
        "  - {id: b, agent: scanner, when: '{{ a.output.count > 1 }}'}\n"
        "  - {id: c, agent: scanner}\n"
        "edges: [{from: b, to: c}]\n"
    )
    nodes = {node.id: node for node in found.nodes()}
    assert (nodes["b"].expectation, nodes["b"].holds) == (Expectation.OPEN, None)
    assert (nodes["c"].expectation, nodes["c"].reason) == (Expectation.OPEN, "when a branch before it is taken")


def test_a_condition_is_decided_as_soon_as_what_is_known_decides_it() -> None:
    text = (
        "name: w\nparams: {quiet: {type: boolean, default: true}}\nnodes:\n"
        "  - {id: a, agent: scanner}\n"
        "  - {id: b, agent: scanner, when: '{{ not params.quiet and a.output.count > 1 }}'}\n"
        "  - {id: c, agent: scanner, when: '{{ params.quiet and a.output.name | default(0) }}'}\n"
    )
    quiet = {node.id: node.holds for node in planned(text).nodes()}
    assert quiet == {"a": None, "b": False, "c": None}
    assert {node.id: node.holds for node in planned(text, quiet="false").nodes()} == {"a": None, "b": None, "c": None}


def test_handlers_and_failure_nodes_are_for_failures() -> None:
    nodes = large()
    assert nodes["mend"].expectation is nodes["alarm"].expectation is Expectation.ON_FAILURE
    assert (nodes["mend"].handles, nodes["risky"].on_error) == (("risky",), "mend")
    assert [(wait.node, wait.why) for wait in nodes["mend"].after] == [("risky", "error")]


def test_fan_outs_are_counted_when_the_items_are_known() -> None:
    assert {name: one.fan_out.count for name, one in large().items() if one.fan_out} == {"areas": 3, "three": 2}
    areas = large(areas='["a"]')["areas"].fan_out
    assert areas is not None
    assert areas.count == 1
    found = planned(
        "name: w\nnodes:\n"
        "  - {id: a, agent: scanner}\n"
        "  - {id: b, agent: scanner, for_each: '{{ a.output.items }}', inputs: {scope: '{{ item }}'}}\n"
    )
    fan_out = found.waves[1][0].fan_out
    assert fan_out is not None
    assert (fan_out.count, fan_out.items) == (None, "{{ a.output.items }}")


def test_what_changes_something_is_told_with_its_approvers() -> None:
    fix = large()["fix"]
    assert fix.changes
    assert fix.approval is not None
    assert (fix.approval.quorum, fix.approval.approvers) == (2, ("group:security", "user:ann"))
    assert not large()["start"].changes


def test_a_sub_workflow_is_planned_with_what_it_is_given() -> None:
    part = large(depth="full")["sub"].part
    assert part is not None
    assert part.params == {"scope": "secrets", "loud": True}


def test_params_that_are_missing_are_told_and_wrong_ones_refused() -> None:
    text = (PLANS / "large.yaml").read_text(encoding="utf-8")
    assert planned(text).missing == ("audience",)
    assert planned(text, audience="all").missing == ()
    with pytest.raises(InvalidInputError, match=r"no param 'audiense'. Did you mean 'audience'\?"):
        planned(text, audiense="all")
    with pytest.raises(InvalidInputError, match="is one of quick, full, not 'deep'"):
        planned(text, depth="deep")
