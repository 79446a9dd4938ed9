"""Approvers that nobody could be are refused before anything runs, at their place in the file."""

from __future__ import annotations

import pytest

from flows.approvals import Policy, check_approvers, single_user
from flows.definition.loader import load
from flows.definition.problems import DefinitionError

POLICY = Policy.model_validate({"groups": {"security": ["alice", "bob"], "platform": ["dave"]}})


def workflow(approval: str, *, key: str = "nodes") -> str:
    first = "" if key == "nodes" else "nodes: [{id: first, agent: notifier, inputs: {channel: console, message: x}}]\n"
    return (
        f"name: gated\n{first}{key}:\n  - id: ask\n    agent: notifier\n"
        f"    inputs: {{channel: console, message: x}}\n    approval: {approval}\n"
    )


def refused(text: str, policy: Policy = POLICY, library: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        check_approvers(load(text, library=library), policy, "w.yaml")
    return str(raised.value).splitlines()


@pytest.mark.parametrize("key", ["nodes", "finally"])
def test_a_group_that_the_policy_has_not_is_named_with_its_place_and_the_nearest(key: str) -> None:
    text = workflow('{approvers: ["user:bob", "group:secuirty"]}', key=key)
    line = 6 if key == "nodes" else 7
    (told,) = refused(text)
    assert told.startswith(f"w.yaml:{line}:40: DY012 the approvers of 'ask' name the group 'secuirty', which the policy")
    assert told.endswith("Did you mean 'security'?")


def test_the_groups_that_there_are_are_listed_where_none_is_near() -> None:
    (told,) = refused(workflow('{approvers: ["group:ops"]}'))
    assert told.endswith("Known: platform, security.")


def test_who_has_no_policy_is_told_where_groups_are_written() -> None:
    (told,) = refused(workflow('{approvers: ["group:ops"]}'), single_user("zoe"))
    assert "DOCKYARD_POLICY_FILE" in told


def test_a_group_with_fewer_people_than_must_say_yes_is_refused() -> None:
    (told,) = refused(workflow('{approvers: ["group:platform"], quorum: 2}'))
    assert told == "w.yaml:6:15: DY012 2 must approve 'ask', and today's policy knows 1 who may."


def test_those_who_may_after_an_escalation_count() -> None:
    policy = Policy.model_validate({**POLICY.model_dump(), "escalate": {"after": "1h", "to": "group:security"}})
    check_approvers(load(workflow('{approvers: ["group:platform"], quorum: 2}')), policy)


def test_a_workflow_that_the_workflow_runs_is_looked_at_too() -> None:
    inner = workflow('{approvers: ["group:ops"]}').replace("gated", "inner")
    outer = "name: outer\nnodes: [{id: part, workflow: inner}]\n"
    (told,) = refused(outer, library={"inner": inner})
    assert told.startswith("inner.yaml:6:28: DY012 the approvers of 'ask' name the group 'ops'")


@pytest.mark.parametrize("approvers", ['["group:security"]', '["user:dave"]', '["group:security", "user:dave"]'])
def test_those_who_could_be_are_let_through(approvers: str) -> None:
    check_approvers(load(workflow(f"{{approvers: {approvers}}}")), POLICY)


def test_a_workflow_makes_nobody_an_approver_whom_the_policy_does_not_name() -> None:
    (told,) = refused(workflow('{approvers: ["group:security", "user:carl"]}'))
    assert told.startswith("w.yaml:6:46: DY012 the approvers of 'ask' name 'carl', whom today's policy names nowhere.")
    by_rule = Policy.model_validate({"approvers": "group:a", "groups": {"a": ["x"]}, "rules": [{"approvers": "user:carl"}]})
    check_approvers(load(workflow('{approvers: ["user:carl"]}')), by_rule)


def test_a_node_may_leave_it_to_a_policy_that_names_somebody() -> None:
    text = workflow("{expires: 1h}")
    check_approvers(load(text), single_user("zoe"))
    check_approvers(load(text), Policy.model_validate({"groups": {"a": ["x"]}, "rules": [{"approvers": "group:a"}]}))
    (told,) = refused(text)
    assert "'ask' leaves it to the policy who may approve, and today's policy names nobody" in told
    assert "DOCKYARD_POLICY_FILE" in told
    by_path = Policy.model_validate({"groups": {"a": ["x"]}, "rules": [{"approvers": "group:a", "paths": "a/**"}]})
    assert len(refused(text, by_path)) == 1


def test_more_people_than_the_policy_names_cannot_approve() -> None:
    (told,) = refused(workflow("{quorum: 2}"), single_user("zoe"))
    assert "2 must approve 'ask', and today's policy knows 1 who may" in told
