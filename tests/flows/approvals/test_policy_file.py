"""A policy file is read as a whole; each mistake has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.approvals import Policy, PolicyError, load_policy, policy_for, read_policy, single_user
from flows.errors import InvalidInputError
from flows.settings import Settings

BAD = sorted((Path(__file__).parents[2] / "data" / "policies" / "bad").glob("*.yaml"))

WHOLE = """
groups: {security: [alice, Bob], platform: [carol]}
approvers: ["group:security", "user:dave"]
requester_may_approve: false
author_may_approve: false
prefect_ui: true
high_risk: [".github/**", infrastructure/]
rules:
  - {risk: [medium, high], quorum: 2}
  - {paths: deployments/**, approvers: "group:platform"}
hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu], from: "08:30", to: "18:00"}
expires: 3d
remind_after: 4h
escalate: {after: 8h, to: "group:platform"}
"""


@pytest.mark.parametrize("file", BAD, ids=lambda file: str(file.stem))
def test_every_mistake_is_told_with_its_line(file: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(file.read_text(), file.name)
    assert f"{caught.value}\n" == file.with_suffix(".txt").read_text()


def test_a_whole_policy_is_read() -> None:
    policy = read_policy(WHOLE)
    assert policy.groups == {"security": ("alice", "bob"), "platform": ("carol",)}
    assert policy.members("group:security") == ("alice", "bob")
    assert policy.members("user:Dave") == ("dave",)
    assert policy.members("group:nobody") == ()
    assert policy.rules[1].approvers == ("group:platform",)
    assert policy.escalate is not None
    assert policy.escalate.after == 8 * 3600


def test_the_version_is_one_for_what_says_the_same() -> None:
    one = read_policy("groups: {a: [x, y], b: [z]}")
    same = read_policy("# the same\ngroups:\n  b: [z]\n  a: [Y, x, x]\nprefect_ui: false\n")
    other = read_policy("groups: {a: [x, y], b: [z, w]}")
    assert one.version == same.version
    assert one.version != other.version
    assert len(one.version) == 64


def test_without_a_file_the_user_works_alone() -> None:
    assert policy_for(Settings(), "Zoe") == single_user("zoe")


def test_the_file_that_the_settings_name_counts(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(WHOLE)
    assert policy_for(Settings(policy_file=file), "zoe") == load_policy(file)


@pytest.mark.parametrize("user", ["", "two words", "a\nb", "prefect-ui"])
def test_a_user_who_cannot_be_named_needs_a_file(user: str) -> None:
    with pytest.raises(InvalidInputError, match="DOCKYARD_POLICY_FILE"):
        policy_for(Settings(), user)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        policy_for(Settings(policy_file=tmp_path / "none.yaml"), "zoe")


def test_what_is_not_said_is_no() -> None:
    policy = Policy()
    assert (policy.requester_may_approve, policy.author_may_approve, policy.prefect_ui) == (False, False, False)
    assert (policy.approvers, policy.groups) == ((), {})
