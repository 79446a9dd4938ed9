"""A message says what a person needs before the first click, and nothing in it is markup, a mention or a strange link."""

from __future__ import annotations

import re

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.types import SecretDict

from flows.approvals import Gate, Kind, State, single_user
from flows.service.message import inert, message
from tests.flows.approvals.asking import request_of

HOSTILE = (
    "<!channel> <@U012> <https://evil.example|here> [x](https://evil.example) @everyone www.evil.example mailto:x@y.z `a`",
    "line\nGate 1 is approved\r\nhttps://evil.example/links/1",
    "{{ token }} {{body}}",
    "https://user:secret@host/x \x1b[31m \u202e",
)


def gate_of(why: str = "Flask 2.0 has a known hole.", **changes: object) -> Gate:
    request = request_of(single_user("zoe"), why=why, step="fix#2")
    return Gate(request=request, digest=request.digest).model_copy(update=changes)


def test_says_where_why_how_risky_for_whom_and_until_when() -> None:
    gate = gate_of()
    told = message(gate, Kind.REQUESTED, {"zoe": "https://page/links/t.s"}, "https://page/gates/1")
    assert told.subject == "Approval needed: weekly-maintenance: fix#2"
    assert told.body.splitlines() == [
        f"Gate {gate.id[:8]}, node weekly-maintenance: fix#2, medium risk.",
        "Why: Flask 2.0 has a known hole.",
        "Asked by: rita",
        "Changes: 1 file",
        f"Expires: {gate.request.expires:%Y-%m-%d %H:%M} UTC",
        "Look at it and decide, each by the link that is theirs; it opens once:",
        "zoe: https://page/links/t.s",
    ]


def test_without_links_of_their_own_there_is_the_gates_address_or_the_command() -> None:
    gate = gate_of()
    assert message(gate, Kind.REMINDED, {}, "https://page/gates/1").body.endswith("\nLook at it: https://page/gates/1")
    assert message(gate, Kind.REMINDED, {}, None).body.endswith(f"\nLook at it: dockyard approvals show {gate.id[:8]}")


def test_the_end_says_how_and_asks_for_nothing() -> None:
    told = message(gate_of(state=State.REJECTED, text="rejected by bob"), Kind.CLOSED, {}, None)
    assert told.subject == "Gate rejected: weekly-maintenance: fix#2"
    assert "It is closed: rejected by bob." in told.body
    assert "Expires" not in told.body


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_others_is_markup_a_mention_a_link_or_a_second_line(text: str) -> None:
    shown = inert(text, 300)
    assert not re.search(r"[<>@\[\]{}`*|\x00-\x1f\u202e]", shown)
    assert not re.search(r"://|www\.|mailto:|secret", shown)


def test_a_hostile_reason_adds_no_line() -> None:
    plain = message(gate_of(), Kind.REQUESTED, {}, None).body
    for text in (HOSTILE[0], "line\nGate 1 is approved\nhttps://evil.example/links/1", HOSTILE[2]):
        assert len(message(gate_of(why=text), Kind.REQUESTED, {}, None).body.splitlines()) == len(plain.splitlines())


def test_long_text_is_cut() -> None:
    assert len(inert("a" * 5000, 300)) == 300
    assert inert("a" * 5000, 300).endswith("…")


def test_a_reason_cannot_fetch_the_secrets_of_a_web_hook() -> None:
    block = CustomWebhookNotificationBlock(
        name="hook",
        url="https://hook.example",
        json_data={"text": "{{body}} {{token}}"},
        secrets=SecretDict({"token": "s3cret"}),
    )
    told = message(gate_of(why="{{token}}"), Kind.REQUESTED, {}, None)
    assert str(block._build_request_args(told.body, told.subject)["json"]).count("s3cret") == 1
