"""People are told of gates once, whoever else tells them and whatever fails meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prefect.blocks.abstract import NotificationBlock
from pydantic import Field
from sqlalchemy import text

from blocks.notification import NotDeliveredError
from flows.accounts import Links
from flows.approvals import Choice, Door, GateRequest, Ledger, Policy, load_policy
from flows.errors import UnavailableError
from flows.service.notifier import MOST_ATTEMPTS, WAITS, Notifier
from flows.settings import Settings
from flows.store import open_store
from tests.flows.approvals.asking import OPENED, request_of
from tests.flows.service.waiting import MINUTE, Clock

POLICY = """
groups: {security: [alice, bob, rita], leads: [frank]}
approvers: "group:security"
remind_after: 4h
escalate: {after: 8h, to: "group:leads"}
expires: 24h
notify:
  "group:security": slack-webhook/security
  "user:rita": custom-webhook/rita
  default: slack-webhook/all
"""
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The process is gone."""


class Remembers(NotificationBlock):
    """A block that keeps what it is given, or fails as it is told to."""

    fails: str = ""
    sent: list[tuple[str, str | None]] = Field(default_factory=list)

    async def notify(self, body: str, subject: str | None = None) -> None:
        if self.fails:
            raise ValueError(self.fails)
        self.sent.append((body, subject))


class Saved:
    """The blocks of a Prefect server."""

    def __init__(self, *names: str) -> None:
        self.blocks = {name: Remembers() for name in names}
        self.away = False

    def __call__(self, name: str) -> NotificationBlock:
        if self.away:
            raise httpx.ConnectError("no server")
        if name not in self.blocks:
            raise NotDeliveredError(f"Prefect has no usable block {name}")
        return self.blocks[name]

    def subjects(self, name: str) -> list[str | None]:
        return [subject for _, subject in self.blocks[name].sent]


@dataclass
class Desk:
    """A ledger, a policy and a Prefect server's blocks; any number of notifiers are at work there."""

    config: Settings
    ledger: Ledger
    saved: Saved
    clock: Clock = field(default_factory=Clock)
    warned: list[str] = field(default_factory=list)

    def notifier(self) -> Notifier:
        return Notifier(self.config, warn=self.warned.append, saved=self.saved, clock=self.clock)

    @property
    def policy(self) -> Policy:
        assert self.config.policy_file is not None
        return load_policy(self.config.policy_file)

    def write(self, policy: str) -> None:
        assert self.config.policy_file is not None
        self.config.policy_file.write_text(policy, encoding="utf-8")

    def ask(self, node: str = "fix") -> GateRequest:
        return self.ledger.request(request_of(self.policy, node=node))

    def decide(self, request: GateRequest) -> None:
        self.ledger.decide(
            request.gate,
            "alice",
            Choice.APPROVE,
            digest=request.digest,
            door=Door.CLI,
            now=self.clock.now,
            policy=self.policy,
        )


@pytest.fixture
def desk(settings: Settings, tmp_path: Path, ledger: Ledger) -> Desk:
    config = settings.model_copy(update={"policy_file": tmp_path / "policy.yaml", "page_url": "https://dock.example"})
    made = Desk(config, ledger, Saved("slack-webhook/security", "slack-webhook/all", "custom-webhook/rita"))
    made.write(POLICY)
    return made


def test_makes_no_database_where_no_gate_was_ever_opened(settings: Settings) -> None:
    assert Notifier(settings, warn=print).once() == ()
    assert not settings.state_dir.exists()


def test_where_the_policy_names_no_channel_nobody_is_told(desk: Desk) -> None:
    desk.write(POLICY.partition("notify")[0])
    desk.ask()
    assert desk.notifier().once() == ()
    assert desk.warned == []


def test_of_a_gate_that_was_changed_nobody_is_told(desk: Desk) -> None:
    changed, sound = desk.ask("one"), desk.ask("two")
    with open_store(desk.config).begin() as connection:
        connection.execute(text("DROP TRIGGER ledger_no_update"))
        connection.execute(text("UPDATE ledger SET actor = 'x' WHERE gate = :gate"), {"gate": changed.gate})
    (said,) = desk.notifier().once()
    assert sound.gate[:8] in said


def test_a_gate_that_opens_is_told_once_with_a_link_for_each_who_may_decide(desk: Desk) -> None:
    request = desk.ask()
    notifier = desk.notifier()
    (said,) = notifier.once()
    assert said == f"Told group:security of gate {request.gate[:8]} (requested) by slack-webhook/security."
    assert notifier.once() == desk.notifier().once() == ()
    ((body, subject),) = desk.saved.blocks["slack-webhook/security"].sent
    assert subject == "Approval needed: weekly-maintenance: fix"
    links = dict(line.split(": ", 1) for line in body.splitlines()[-2:])
    assert [*links] == ["alice", "bob"], "rita asked for it"
    token = links["bob"].removeprefix("https://dock.example/links/")
    opened = Links(open_store(desk.config)).open(token, "bob", desk.clock.now)
    assert opened.gate == request.gate


def test_a_group_too_large_for_links_has_the_gates_address(desk: Desk) -> None:
    many = ", ".join(f"p{number}" for number in range(11))
    desk.write(POLICY.replace("alice, bob", many))
    request = desk.ask()
    desk.notifier().once()
    ((body, _),) = desk.saved.blocks["slack-webhook/security"].sent
    assert body.endswith(f"Look at it: https://dock.example/gates/{request.gate}")
    assert "/links/" not in body


def test_reminder_escalation_and_end_are_told_to_whom_they_concern(desk: Desk) -> None:
    request, notifier = desk.ask(), desk.notifier()
    notifier.once()
    desk.clock.now = OPENED + 5 * HOUR
    desk.ledger.notify(desk.clock.now)
    notifier.once()
    desk.clock.now = OPENED + 9 * HOUR
    desk.ledger.notify(desk.clock.now)
    notifier.once()
    assert desk.saved.subjects("slack-webhook/security")[1:] == ["Still waiting for approval: weekly-maintenance: fix"]
    ((body, subject),) = desk.saved.blocks["slack-webhook/all"].sent
    assert subject == "Approval needed, and nobody has given it yet: weekly-maintenance: fix"
    assert "\nfrank: https://dock.example/links/" in body
    desk.decide(request)
    notifier.once()
    ((body, subject),) = desk.saved.blocks["custom-webhook/rita"].sent
    assert subject == "Gate approved: weekly-maintenance: fix"
    assert "approved by alice" in body
    assert "/links/" not in body


def test_an_expiry_is_told_to_who_asked(desk: Desk) -> None:
    desk.ask()
    desk.clock.now = OPENED + 25 * HOUR
    desk.ledger.expire(desk.clock.now)
    desk.notifier().once()
    assert desk.saved.subjects("custom-webhook/rita") == ["Gate expired: weekly-maintenance: fix"]
    assert desk.saved.subjects("slack-webhook/security") == [], "it waits no more"


def test_what_fails_is_tried_again_later_and_later_and_then_no_more(desk: Desk) -> None:
    desk.saved.blocks["slack-webhook/security"].fails = "https://hooks.example/T/B/secret"
    desk.ask()
    assert desk.notifier().once() == ()
    for wait in WAITS:
        before = len(desk.warned)
        desk.clock.now += wait - timedelta(seconds=1)
        desk.notifier().once()
        assert len(desk.warned) == before
        desk.clock.now += timedelta(seconds=1)
        desk.notifier().once()
        assert len(desk.warned) == before + 1
    assert len(desk.warned) == MOST_ATTEMPTS
    desk.clock.now += 3 * HOUR
    desk.saved.blocks["slack-webhook/security"].fails = ""
    assert desk.notifier().once() == ()
    assert "it is tried again at 09:02 UTC: the block slack-webhook/security could not send (ValueError)" in desk.warned[0]
    assert "it is not tried again" in desk.warned[-1]
    assert "secret" not in str(desk.warned)


def test_what_failed_and_succeeds_is_told_once(desk: Desk) -> None:
    desk.saved.blocks["slack-webhook/security"].fails = "busy"
    desk.ask()
    desk.notifier().once()
    desk.saved.blocks["slack-webhook/security"].fails = ""
    desk.clock.now += MINUTE
    assert len(desk.notifier().once()) == 1
    desk.clock.now += HOUR
    assert desk.notifier().once() == ()


def test_a_block_that_is_missing_keeps_no_other_message_back(desk: Desk) -> None:
    del desk.saved.blocks["slack-webhook/security"]
    desk.decide(desk.ask("one"))
    desk.ask("two")
    desk.notifier().once()
    assert desk.saved.subjects("custom-webhook/rita") == ["Gate approved: weekly-maintenance: one"]
    assert ["Prefect has no usable block slack-webhook/security" in line for line in desk.warned] == [True]


def test_while_prefect_is_away_no_attempt_is_used_up(desk: Desk) -> None:
    desk.ask()
    desk.saved.away = True
    for _ in range(2 * MOST_ATTEMPTS):
        with pytest.raises(UnavailableError, match="slack-webhook/security"):
            desk.notifier().once()
    desk.saved.away = False
    assert len(desk.notifier().once()) == 1


def test_a_process_killed_while_it_sent_leaves_the_message_to_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise Killed

    desk.ask()
    monkeypatch.setattr("blocks.notification.send", killed)
    with pytest.raises(Killed):
        desk.notifier().once()
    monkeypatch.undo()
    assert desk.notifier().once() == (), "it may have been sent"
    desk.clock.now += WAITS[0]
    assert len(desk.notifier().once()) == 1


def test_a_gate_that_is_decided_meanwhile_is_not_told_as_waiting(desk: Desk) -> None:
    desk.saved.blocks["slack-webhook/security"].fails = "busy"
    request = desk.ask()
    desk.notifier().once()
    desk.saved.blocks["slack-webhook/security"].fails = ""
    desk.decide(request)
    desk.clock.now += MINUTE
    desk.notifier().once()
    assert desk.saved.subjects("slack-webhook/security") == []


def test_whoever_writes_channels_into_the_policy_later_is_told_of_what_still_waits(desk: Desk) -> None:
    desk.write(POLICY.partition("notify")[0])
    desk.decide(desk.ask("old"))
    desk.ask("waits")
    assert desk.notifier().once() == ()
    desk.write(POLICY)
    desk.clock.now += HOUR
    desk.notifier().once()
    assert desk.saved.subjects("slack-webhook/security") == ["Approval needed: weekly-maintenance: waits"]
    assert desk.saved.subjects("custom-webhook/rita") == ["Gate approved: weekly-maintenance: old"]


def test_without_a_page_the_message_names_the_command(desk: Desk) -> None:
    request = desk.ask()
    desk.config = desk.config.model_copy(update={"page_url": None})
    desk.notifier().once()
    ((body, _),) = desk.saved.blocks["slack-webhook/security"].sent
    assert body.endswith(f"Look at it: dockyard approvals show {request.gate[:8]}")
