"""What starts, what is skipped, what fails: the table of the rules, fan-outs, loops, handlers, sub-workflows, time."""

from __future__ import annotations

from itertools import product

import pytest

from flows.definition.schema import MAX_FAN_OUT, RunIf
from flows.definition.status import NodeStatus
from flows.execution.scheduler import Outcome
from tests.flows.execution.driving import COMPLETED, FAILED, TIMED_OUT, Drive, definition

ENDINGS = {
    "completed": COMPLETED,
    "failed": FAILED,
    "timed-out": TIMED_OUT,
    "cancelled": Outcome(NodeStatus.CANCELLED, error="stopped"),
}
CASES = (*ENDINGS, "continued", "not-taken", "skipped-after-failure")


def wanted(run_if: RunIf, cases: tuple[str, ...]) -> str:
    """The rules' table, written out once more."""
    if run_if is RunIf.ALWAYS:
        return "starts"
    if {"failed", "timed-out", "cancelled", "skipped-after-failure"} & set(cases):
        return "starts" if run_if is RunIf.FAILURE else "skipped"
    if run_if is RunIf.SUCCESS:
        return "starts" if {"completed", "continued"} & set(cases) else "skipped"
    return "skipped"


def after(run_if: RunIf, cases: tuple[str, ...]) -> Drive:
    """A run in which all has ended that a node `z` waits for."""
    nodes = []
    edges = []
    for index, case in enumerate(cases):
        name = f"d{index}"
        if case == "skipped-after-failure":
            nodes.append({"id": f"{name}x"})
            edges.append(f"{name}x>{name}")
        more = {"continued": {"on_error": "continue"}, "not-taken": {"when": "{{ false }}"}}.get(case, {})
        nodes.append({"id": name, **more})
        edges.append(f"{name}>z")
    run = Drive(definition(*nodes, {"id": "z", "run_if": run_if}, edges=edges))
    for name in [name for name in run.running if name != "z"]:
        assert "z" not in run.started, "before every dependency ended"
        case = cases[int(name[1:].rstrip("x"))]
        run.end(name, FAILED if name.endswith("x") else ENDINGS.get(case, FAILED))
    return run


@pytest.mark.parametrize("run_if", RunIf)
@pytest.mark.parametrize("cases", [*product(CASES, repeat=1), *product(CASES, repeat=2)], ids="+".join)
def test_the_table_of_run_if(run_if: RunIf, cases: tuple[str, ...]) -> None:
    run = after(run_if, cases)
    assert ("starts" if "z" in run.running else run.ended["z"].status.value) == wanted(run_if, cases)


@pytest.mark.parametrize(("run_if", "starts"), [(RunIf.SUCCESS, True), (RunIf.ALWAYS, True), (RunIf.FAILURE, False)])
def test_a_node_that_waits_for_nobody(run_if: RunIf, starts: bool) -> None:
    assert ("z" in after(run_if, ()).running) is starts


def test_a_join_starts_when_one_of_two_branches_was_taken() -> None:
    run = Drive(
        definition(
            {"id": "scan"},
            {"id": "fix", "when": "{{ scan.output.flag }}"},
            {"id": "tell", "when": "{{ not scan.output.flag }}"},
            {"id": "join"},
            edges=["fix>join", "tell>join"],
        )
    )
    run.on(lambda _: COMPLETED)
    assert run.statuses == {"scan": "completed", "fix": "skipped", "tell": "completed", "join": "completed"}


def test_reasons_of_skips_name_who_is_to_blame() -> None:
    run = after(RunIf.SUCCESS, ("failed", "skipped-after-failure", "completed"))
    assert run.ended["z"].error == "it needs success, but 'd0' failed, 'd1' skipped"
    assert after(RunIf.FAILURE, ("completed",)).ended["z"].error == "nothing it waits for failed"
    assert after(RunIf.SUCCESS, ("not-taken",)).ended["z"].error == "no branch before it was taken: 'd0' skipped"


@pytest.mark.parametrize(
    ("when", "ends"),
    [
        ("{{ a.output.n > 2 }}", "starts"),
        ("{{ a.output.n > 3 }}", "skipped"),
        ("{{ a.output.flag }}", "skipped"),
        ("{{ params.loud }}", "starts"),
        ("{{ params.repository == '/src' }}", "starts"),
        ("{{ run.id == 'r' }}", "starts"),
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
    run = Drive(definition({"id": "a"}, {"id": "z", "when": when}, edges=["a>z"]), {"loud": True})
    run.end("a")
    assert ("starts" if "z" in run.running else run.ended["z"].status.value) == ends
    if ends == "skipped":
        assert run.ended["z"].error == "its condition `when` was false"


def test_a_condition_is_not_asked_when_the_node_would_not_start_anyway() -> None:
    run = Drive(definition({"id": "a"}, {"id": "z", "when": "{{ a.output.n / 0 }}"}))
    run.end("a", FAILED)
    assert run.statuses == {"a": "failed", "z": "skipped"}


def test_an_input_that_cannot_be_rendered_fails_the_node_with_the_reason() -> None:
    run = Drive(definition({"id": "a"}, {"id": "z", "inputs": {"x": "{{ a.output.nope }}"}}))
    run.end("a")
    assert run.ended["z"].status is NodeStatus.FAILED
    assert (run.ended["z"].error or "").startswith("`{{ a.output.nope }}`: ")


def test_inputs_are_rendered_wherever_they_stand() -> None:
    inputs = {
        "n": "{{ a.output.n }}",
        "text": "n={{ a.output.n }}",
        "deep": [{"er": "{{ a.output }}"}, 5, None],
        "plain": "a > b",
    }
    run = Drive(definition({"id": "a"}, {"id": "z", "inputs": inputs}))
    run.end("a")
    assert run.running["z"].inputs == {
        "n": 3, "text": "n=3", "deep": [{"er": {"n": 3, "flag": False}}, 5, None], "plain": "a > b"
    }  # fmt: skip


def test_what_an_agent_gave_is_not_rendered_again() -> None:
    hostile = Outcome(NodeStatus.COMPLETED, output={"x": "{{ params.loud }}", "list": ["{{ params.loud }}"]})
    run = Drive(
        definition(
            {"id": "a"},
            {"id": "z", "inputs": {"x": "{{ a.output.x }}", "y": "<{{ a.output.x }}>"}},
            {"id": "each", "for_each": "{{ a.output.list }}", "inputs": {"x": "{{ item }}"}},
        )
    )
    run.end("a", hostile)
    assert run.running["z"].inputs == {"x": "{{ params.loud }}", "y": "<{{ params.loud }}>"}
    assert run.running["each[0]"].inputs == {"x": "{{ params.loud }}"}


def test_an_always_node_sees_how_the_others_ended() -> None:
    message = "{{ a.status }} {{ a.error }} {{ a.output.n | default('-') }} {{ b.output.n | default('-') }}"
    run = Drive(definition({"id": "a"}, {"id": "b"}, {"id": "z", "run_if": "always", "inputs": {"x": message}}))
    run.end("a", FAILED)
    run.end("b")
    assert run.running["z"].inputs == {"x": "failed it broke - 3"}


def test_only_what_a_node_waits_for_can_be_seen() -> None:
    run = Drive(definition({"id": "a"}, {"id": "b"}, {"id": "z", "inputs": {"x": "{{ a.status }}"}}))
    run.end("a")
    assert run.running["z"].inputs == {"x": "completed"}


def test_a_thousand_skips_follow_from_one_another() -> None:
    nodes = [{"id": f"n{index}"} for index in range(1000)]
    edges = [f"n{index}>n{index + 1}" for index in range(999)]
    run = Drive(definition(*nodes, {"id": "z", "run_if": "always"}, edges=[*edges, "n999>z"]))
    run.end("n0", FAILED)
    assert list(run.running) == ["z"]


# Handlers, and what fails a run


def handled(behaviour: dict[str, Outcome]) -> Drive:
    run = Drive(
        definition(
            {"id": "a", "on_error": "h"},
            {"id": "b", "on_error": "h"},
            {"id": "h", "inputs": {"x": "{{ a.status }}: {{ a.error }}"}},
            {"id": "z"},
            edges=["a>z"],
        )
    )
    run.on(lambda step: behaviour.get(step.name, COMPLETED))
    return run


def test_a_handler_starts_when_one_it_handles_failed_and_the_run_is_saved() -> None:
    run = handled({"a": FAILED})
    assert run.statuses == {"a": "failed", "b": "completed", "h": "completed", "z": "skipped"}
    assert run.started["h"].inputs == {"x": "failed: it broke"}
    assert run.scheduler.reasons() == []


def test_a_handler_that_nobody_needs_is_skipped() -> None:
    run = handled({})
    assert (run.statuses["h"], run.ended["h"].error) == ("skipped", "nothing that it handles failed")
    assert run.scheduler.reasons() == []


def test_a_handler_that_fails_saves_nothing() -> None:
    assert handled({"a": TIMED_OUT, "h": FAILED}).scheduler.reasons() == [("a", "too slow"), ("h", "it broke")]


def test_a_failure_that_is_continued_fails_neither_run_nor_dependents() -> None:
    run = Drive(definition({"id": "a", "on_error": "continue"}, {"id": "z"}, edges=["a>z"]))
    run.on(lambda step: FAILED if step.name == "a" else COMPLETED)
    assert run.statuses == {"a": "failed", "z": "completed"}
    assert run.scheduler.reasons() == []


# for_each and repeat


def count(value: int) -> Outcome:
    return Outcome(NodeStatus.COMPLETED, output={"n": value})


def test_a_fan_out_gives_reports_in_the_order_of_items_whatever_ends_first() -> None:
    run = Drive(
        definition(
            {"id": "each", "for_each": {"items": ["a", "b", "c"], "concurrency": 2}, "inputs": {"x": "<{{ item }}>"}},
            {"id": "z", "inputs": {"all": "{{ each.output }}", "last": "{{ each.output[2].n }}"}},
        )
    )
    assert list(run.running) == ["each[0]", "each[1]"]
    run.end("each[1]", count(1))
    assert list(run.running) == ["each[0]", "each[2]"]
    run.end("each[2]", count(2))
    run.end("each[0]", count(0))
    assert run.running["z"].inputs == {"all": [{"n": 0}, {"n": 1}, {"n": 2}], "last": 2}
    assert [step.inputs["x"] for name, step in run.started.items() if name != "z"] == ["<a>", "<b>", "<c>"]
    assert set(run.running["z"].after) == {"each[0]", "each[1]", "each[2]"}


def test_a_fan_out_over_nothing_completes_with_an_empty_list() -> None:
    run = Drive(definition({"id": "each", "for_each": []}, {"id": "z", "inputs": {"x": "{{ each.output }}"}}))
    assert run.ended["each"] == Outcome(NodeStatus.COMPLETED, output=[])
    assert run.running["z"].inputs == {"x": []}


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ("{{ params.x }}", "`for_each` takes a list, not text"),
        ("{{ run }}", "`for_each` takes a list, not a mapping"),
        ("{{ params.long }}", f"`for_each` takes at most {MAX_FAN_OUT} items, not 1001"),
        ("{{ 1 / 0 }}", "`{{ 1 / 0 }}`: division by zero"),
    ],
)
def test_items_that_are_none_fail_the_node_and_say_so(items: str, reason: str) -> None:
    run = Drive(definition({"id": "each", "for_each": items}), {"x": "text", "long": [0] * 1001})
    assert run.ended["each"] == Outcome(NodeStatus.FAILED, error=reason)


def test_after_a_failed_item_no_further_ones_start_and_those_running_end() -> None:
    run = Drive(definition({"id": "each", "for_each": {"items": [0, 1, 2, 3], "concurrency": 2}}))
    run.end("each[0]", FAILED)
    assert list(run.running) == ["each[1]"]
    assert not run.scheduler.finished
    run.end("each[1]")
    assert run.ended["each"] == Outcome(NodeStatus.FAILED, error="item 0: it broke")
    assert list(run.started) == ["each[0]", "each[1]"]


def test_a_continued_fan_out_goes_through_all_items_and_gives_what_completed() -> None:
    run = Drive(
        definition(
            {"id": "each", "for_each": {"items": [0, 1, 2], "concurrency": 1}, "on_error": "continue"},
            {"id": "z", "inputs": {"x": "{{ each.output | default([]) }}", "why": "{{ each.error }}"}},
        )
    )
    run.on(lambda step: FAILED if step.name == "each[1]" else count(step.name.count("2")))
    assert run.statuses == {"each": "failed", "z": "completed"}
    assert run.started["z"].inputs == {"x": [{"n": 0}, {"n": 1}], "why": "item 1: it broke"}


def test_the_reason_of_a_large_failure_stays_short() -> None:
    run = Drive(definition({"id": "each", "for_each": list(range(500)), "on_error": "continue"}))
    run.on(lambda _: FAILED)
    assert (run.ended["each"].error or "").endswith("item 9: it broke; and 490 more")


def test_an_item_that_breaks_a_template_fails_alone() -> None:
    node = {"id": "each", "for_each": [1, 0, 2], "on_error": "continue", "inputs": {"x": "{{ 2 / item }}"}}
    run = Drive(definition(node))
    run.on(lambda _: COMPLETED)
    assert list(run.started) == ["each[0]", "each[2]"]
    assert (run.ended["each"].error or "").startswith("item 1: `{{ 2 / item }}`")


def test_a_loop_goes_on_until_its_condition_holds() -> None:
    run = Drive(definition({"id": "poll", "repeat": {"until": "{{ poll.output.n > 2 }}", "max": 5, "delay": "30s"}}))
    for turn, name in enumerate(("poll", "poll#2", "poll#3"), 1):
        assert list(run.running) == [name]
        run.end(name, count(turn))
        if turn < 3:
            assert not run.running
            assert (run.alarms[0].seconds, run.alarms[0].before) == (30.0, f"poll/0/{turn + 1}")
            run.ring()
    assert run.ended["poll"] == count(3)
    assert [step.key for step in run.started.values()] == ["poll/0/1", "poll/0/2", "poll/0/3"]
    assert run.started["poll#3"].after == ("poll#2",)
    assert run.rows["poll"].step == "poll#3"


def test_a_loop_whose_condition_never_holds_fails_after_its_last_turn() -> None:
    run = Drive(definition({"id": "poll", "repeat": {"until": "{{ poll.output.n > 9 }}", "max": 3}}))
    run.on(lambda _: COMPLETED)
    assert run.ended["poll"] == Outcome(NodeStatus.FAILED, error="`until` was still false after 3 turns")
    assert len(run.started) == 3


def test_a_failed_turn_ends_the_loop() -> None:
    run = Drive(definition({"id": "poll", "repeat": {"until": "{{ poll.status == 'failed' }}", "max": 3}}))
    run.on(lambda _: FAILED)
    assert list(run.started) == ["poll"]
    assert run.ended["poll"] == FAILED


def test_each_item_has_a_loop_of_its_own() -> None:
    node = {
        "id": "each",
        "for_each": {"items": [1, 2], "concurrency": 1},
        "repeat": {"until": "{{ each.output.n >= item }}", "max": 5},
    }
    run = Drive(definition(node))
    run.on(lambda step: count(2 if "#" in step.name else 1))
    assert list(run.started) == ["each[0]", "each[1]", "each[1]#2"]
    assert [step.key for step in run.started.values()] == ["each/0/1", "each/1/1", "each/1/2"]
    assert run.ended["each"].output == [{"n": 1}, {"n": 2}]
    assert {name: row.step for name, row in run.rows.items()} == {
        "each": None,
        "each[0]": "each[0]",
        "each[1]": "each[1]#2",
    }


def test_a_rest_between_turns_holds_no_slot() -> None:
    node = {"id": "poll", "repeat": {"until": "{{ poll.output.n > 9 }}", "max": 3, "delay": "1h"}}
    run = Drive(definition(node, {"id": "b"}), slots=1)
    run.end("poll", count(0))
    assert list(run.running) == ["b"]


# finally, time, sub-workflows


def test_finally_comes_last_however_the_others_ended() -> None:
    run = Drive(
        definition(
            {"id": "a"},
            {"id": "b"},
            edges=["a>b", "c>d"],
            final=[{"id": "c", "inputs": {"x": "{{ a.status }}"}}, {"id": "d"}, {"id": "e", "when": "{{ false }}"}],
        )
    )
    assert list(run.running) == ["a"]
    run.end("a", FAILED)
    assert list(run.running) == ["c"]
    assert (run.running["c"].inputs, run.running["c"].last) == ({"x": "failed"}, True)
    run.end("c", FAILED)
    run.end("d")
    assert run.statuses == {"a": "failed", "b": "skipped", "c": "failed", "d": "completed", "e": "skipped"}
    assert run.scheduler.reasons() == [("a", "it broke"), ("c", "it broke")]


def test_when_time_is_over_what_has_not_started_times_out_and_finally_runs() -> None:
    run = Drive(
        definition(
            {"id": "a"}, {"id": "b"}, {"id": "c"}, edges=["a>b"], final=[{"id": "f"}], timeout="2h"
        ),
        slots=1,
    )  # fmt: skip
    (bell,) = run.alarms
    assert (bell.seconds, run.running["a"].bounds) == (7200.0, (bell,))
    run.ring()
    assert run.ended["c"] == run.ended["b"] == Outcome(NodeStatus.TIMED_OUT, error="the run's time of 2h was over")
    run.end("a", TIMED_OUT)
    assert list(run.running) == ["f"]
    run.end("f")
    assert run.scheduler.finished
    assert [name for name, _ in run.scheduler.reasons()] == ["a", "b", "c"]


def test_time_that_is_over_fails_the_run_even_when_all_failures_are_continued() -> None:
    run = Drive(definition({"id": "a", "on_error": "continue"}, timeout="5m"))
    run.ring()
    run.end("a", TIMED_OUT)
    assert run.scheduler.reasons() == [("sample", "the run's time of 5m was over")]


def test_a_loop_that_rests_when_time_is_over_ends_there() -> None:
    node = {"id": "poll", "repeat": {"until": "{{ false }}", "max": 9, "delay": "1h"}}
    run = Drive(definition(node, timeout="90s"))
    run.end("poll")
    run.ring()
    assert run.scheduler.finished
    assert run.ended["poll"].error == "the run's time of 90s was over"
    run.ring()
    assert list(run.started) == ["poll"]


FINDING = {"rule": "x/y", "severity": "error", "message": "m"}
INNER = definition(
    {"id": "scan", "inputs": {"level": "{{ params.level }}", "where": "{{ params.repository }}"}},
    {"id": "each", "for_each": [1, 2]},
    {"id": "never", "when": "{{ false }}"},
    name="inner",
    params={"level": {"type": "integer"}},
    edges=["scan>each"],
)


def report(findings: int) -> Outcome:
    return Outcome(NodeStatus.COMPLETED, output={"findings": [FINDING] * findings, "notes": [{"kind": "binary"}]})


def test_a_sub_workflow_is_one_node_to_those_outside() -> None:
    run = Drive(
        definition(
            {"id": "a"},
            {"id": "sub", "workflow": "inner", "inputs": {"level": "{{ a.output.n }}"}},
            {"id": "z", "inputs": {"sum": "{{ sub.output.summary }}", "last": "{{ sub.output.nodes.each[1] }}"}},
            subs=[INNER],
        )
    )
    run.end("a")
    assert list(run.running) == ["sub.scan"]
    assert run.running["sub.scan"].inputs == {"level": 3, "where": "/src"}
    assert (run.running["sub.scan"].key, run.running["sub.scan"].after) == ("sub/0/1/scan/0/1", ("a",))
    run.end("sub.scan", report(2))
    for name in ("sub.each[0]", "sub.each[1]"):
        run.end(name, report(1))
    assert run.running["z"].inputs["sum"] == {"critical": 0, "error": 4, "warning": 0, "info": 0, "total": 4}
    assert run.running["z"].inputs["last"] == report(1).output
    assert set(run.running["z"].after) == {"sub.each[0]", "sub.each[1]"}
    run.end("z")
    assert list(run.rows) == ["a", "sub", "sub.scan", "sub.each", "sub.each[0]", "sub.each[1]", "sub.never", "z"]
    assert [row.name for row in run.rows.values() if row.group] == ["sub", "sub.each"]


def test_a_sub_workflow_that_fails_tells_why() -> None:
    run = Drive(definition({"id": "sub", "workflow": "inner", "inputs": {"level": 1}}, subs=[INNER]))
    run.end("sub.scan", FAILED)
    assert run.ended["sub"] == Outcome(NodeStatus.FAILED, error="scan: it broke")


def test_a_param_of_a_sub_workflow_that_does_not_fit_fails_the_node() -> None:
    run = Drive(definition({"id": "sub", "workflow": "inner", "inputs": {"level": "{{ run.id }}"}}, subs=[INNER]))
    assert run.ended["sub"] == Outcome(NodeStatus.FAILED, error="the param 'level' takes integer, not 'r'")


def test_a_sub_workflow_is_repeated_retried_and_run_per_item_like_any_node() -> None:
    one = definition({"id": "scan"}, name="one")
    run = Drive(
        definition(
            {
                "id": "sub",
                "workflow": "one",
                "for_each": {"items": [7, 8], "concurrency": 1},
                "repeat": {"until": "{{ sub.output.nodes.scan.n > 1 }}", "max": 3},
                "retries": {"max": 1, "delay": "5s"},
            },
            subs=[one],
        )
    )
    run.end("sub[0].scan", FAILED)
    assert run.alarms[0].seconds == 5.0
    run.ring()
    run.end("sub[0].scan", count(1))  # the same name and key: what completed comes from its result
    run.end("sub[0]#2.scan", count(2))
    run.end("sub[1].scan", count(2))
    assert run.statuses == {"sub": "completed"}
    assert [step.key for step in run.started.values()] == ["sub/0/1/scan/0/1", "sub/0/2/scan/0/1", "sub/1/1/scan/0/1"]
    assert list(run.rows) == ["sub", "sub[0]", "sub[0]#2.scan", "sub[1]", "sub[1].scan"]


def test_the_time_of_a_sub_workflow_is_its_own_and_its_finally_runs() -> None:
    slow = definition({"id": "scan"}, {"id": "more"}, edges=["scan>more"], name="slow", final=[{"id": "tidy"}], timeout="1h")
    node = {"id": "sub", "workflow": "slow", "timeout": "10m", "on_error": "continue"}
    run = Drive(definition(node, {"id": "z"}, edges=["sub>z"], subs=[slow], timeout="3h"))
    outer, inner = run.alarms
    assert (outer.seconds, inner.seconds) == (10800.0, 600.0)
    assert run.running["sub.scan"].bounds == (outer, inner)
    run.ring(1)
    run.end("sub.scan", TIMED_OUT)
    assert list(run.running) == ["sub.tidy"]
    assert run.running["sub.tidy"].last
    run.end("sub.tidy")
    assert run.ended["sub"].status is NodeStatus.TIMED_OUT
    assert "more: the time of 'sub' (10m) was over" in (run.ended["sub"].error or "")
    run.end("z")
    assert run.scheduler.reasons() == []
