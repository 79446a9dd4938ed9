"""What a request holds, and what its digest is over."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pytest
from pydantic import ValidationError

from flows.approvals import GateRequest, RiskLevel, Subject, digest_of, gate_id, single_user
from flows.approvals.texts import MAX_TEXT, person, readable
from flows.definition.schema import Approval
from tests.flows.approvals.asking import HOUR, request_of

POLICY = single_user("zoe")
SUBJECT = Subject(plan={"b": 1, "a": ["ü"]}, diff="+x\r\n", base_commit="c0", image="sha256:1", policy_version="v")


def test_the_digest_is_the_documented_one() -> None:
    text = '{"base_commit":"c0","diff":"+x\\r\\n","image":"sha256:1","plan":{"a":["ü"],"b":1},"policy_version":"v"}'
    assert digest_of(SUBJECT) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"plan": {"b": 2, "a": ["ü"]}},
        {"diff": "+x\n"},
        {"base_commit": "c1"},
        {"image": "sha256:2"},
        {"policy_version": "w"},
    ],
)
def test_the_digest_is_another_one_for_anything_else(change: dict[str, object]) -> None:
    assert digest_of(SUBJECT.model_copy(update=change)) != digest_of(SUBJECT)


def test_run_noise_stays_out_of_the_digest() -> None:
    request = request_of(POLICY)
    changes = {"run": "run-2", "node": "other", "why": "else", "requester": "x", "author": "y", "risk": RiskLevel.HIGH}
    other = GateRequest.model_validate(request.model_dump() | changes | {"expires": request.expires + HOUR})
    assert other.digest == request.digest
    assert other.gate != request.gate


def test_a_gate_has_the_same_id_each_time_and_another_for_each_turn() -> None:
    assert gate_id("r", "fix") == gate_id("r", "fix")
    assert len({gate_id("r", "fix"), gate_id("r", "fix[1]"), gate_id("r2", "fix"), gate_id("rfix", "")}) == 4


def test_a_request_reads_back_as_it_was_written() -> None:
    request = request_of(POLICY, Approval(approvers=("user:zoe",)))
    assert GateRequest.model_validate_json(request.model_dump_json()) == request


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x1b[31mred", "a\rb", "\u202egnp.exe", "a\u2028b", "\x85", "x" * (MAX_TEXT + 1)]
)
def test_refuses_text_that_deceives_the_eye(text: str) -> None:
    with pytest.raises(ValidationError):
        request_of(POLICY, why=text)


@pytest.mark.parametrize("text", ["", "two\nlines\tand {{ params.x }}", "ünï ☃ <b>", "x" * MAX_TEXT])
def test_keeps_other_text_to_the_letter(text: str) -> None:
    assert request_of(POLICY, why=text).why == text


def test_the_text_of_an_error_is_made_to_fit() -> None:
    assert readable("a\x1b[0m\nb") == "a\ufffd[0m\nb"
    assert len(readable("x" * 9999)) == MAX_TEXT


@pytest.mark.parametrize(("name", "kept"), [("Alice", "alice"), ("STRASSE", person("straße")), ("andre\u0301", "andré")])
def test_a_person_has_one_name(name: str, kept: str) -> None:
    assert person(name) == kept


@pytest.mark.parametrize("name", ["", " ", "two words", "a\nb", "x" * 129])
def test_refuses_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|character"):
        person(name)


def test_somebody_must_have_asked() -> None:
    with pytest.raises(ValidationError):
        request_of(POLICY, requester="")
    assert request_of(POLICY, author="").author == ""


def test_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValidationError):
        GateRequest.model_validate(request_of(POLICY).model_dump() | {"expires": datetime(2026, 3, 2)})  # noqa: DTZ001 - that is the point


def test_what_people_call_a_node_is_neither_in_the_id_nor_in_the_digest() -> None:
    plain, named = request_of(POLICY, node="fix/0/2"), request_of(POLICY, node="fix/0/2", step="fix#2")
    assert (plain.gate, plain.digest) == (named.gate, named.digest)
    assert named.display_name == "fix#2"


def test_a_request_from_before_nodes_had_names_shows_its_key() -> None:
    stored = request_of(POLICY, node="fix/0/2").model_dump(mode="json")
    del stored["step"]
    assert GateRequest.model_validate_json(json.dumps(stored)).display_name == "fix/0/2"
