"""A link names a gate and a person, once, for a time, and only if this hub signed it."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, Engine, text

from flows.accounts import ForeignLinkError, Link, LinkError, LinkExpiredError, Links, LinkUsedError
from flows.accounts.links import LONGEST
from flows.errors import InvalidInputError
from flows.store.engine import open_url
from tests.flows.accounts.people import DAY, HOUR, NOW, SECOND
from tests.flows.processes import at_once

GATE = "0f1d4d0c-6f3e-5b1c-9a59-3d1c5f0f7f4e"


def made(store: Engine, who: str = "Alice", expires: datetime = NOW + HOUR) -> str:
    return Links(store).make(GATE, who, now=NOW, expires=expires)


def visit(asked: tuple[URL, str]) -> str:
    url, token = asked
    try:
        return Links(open_url(url)).open(token, "alice", NOW).person
    except LinkUsedError as error:
        return str(error)


def make(url: URL) -> str:
    return Links(open_url(url)).make(GATE, "alice", now=NOW, expires=NOW + HOUR)


def test_it_leads_to_the_gate_once(store: Engine) -> None:
    token = made(store)
    assert Links(store).open(token, "alice", NOW) == Link(gate=GATE, person="alice")
    with pytest.raises(LinkUsedError, match="opens once, and it was opened; sign in and look for gate 0f1d4d0c"):
        Links(store).open(token, "alice", NOW + SECOND)


def test_for_somebody_else_nothing_is_used_up(store: Engine) -> None:
    token = made(store)
    with pytest.raises(ForeignLinkError, match="sent to somebody else than bob") as refused:
        Links(store).open(token, "bob", NOW)
    assert refused.value.gate == GATE
    assert Links(store).open(token, "alice", NOW).person == "alice"


def test_two_links_for_the_same_are_two(store: Engine) -> None:
    one, other = made(store), made(store)
    assert Links(store).open(one, "alice", NOW) == Links(store).open(other, "alice", NOW)


def test_it_ends_at_its_time(store: Engine) -> None:
    with pytest.raises(LinkExpiredError, match="has expired; sign in"):
        Links(store).open(made(store), "alice", NOW + HOUR)
    assert Links(store).open(made(store), "alice", NOW + HOUR - SECOND)


def test_one_that_was_opened_stays_used_until_it_has_expired_and_is_then_forgotten(store: Engine) -> None:
    first = made(store)
    Links(store).open(first, "alice", NOW)
    Links(store).open(made(store, expires=NOW + DAY), "alice", NOW + HOUR - SECOND)
    with pytest.raises(LinkUsedError):
        Links(store).open(first, "alice", NOW + HOUR - SECOND)
    Links(store).open(made(store, expires=NOW + DAY), "alice", NOW + HOUR)
    with store.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM links")).scalar() == 2


def test_of_many_who_open_it_at_once_one_does(database: URL) -> None:
    token = made(open_url(database))
    told = at_once(visit, [(database, token)] * 5)
    refused = [answer for answer in told if answer != "alice"]
    assert len(refused) == 4
    assert all("opens once" in answer for answer in refused)


def test_whichever_replica_made_it_every_other_opens_it(database: URL) -> None:
    opened = [Links(open_url(database)).open(token, "alice", NOW) for token in at_once(make, [database] * 4)]
    assert opened == [Link(gate=GATE, person="alice")] * 4


def test_another_hub_s_link_is_none(store: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = open_url(URL.create("sqlite", database=str(tmp_path_factory.mktemp("other") / "x.db")))
    with pytest.raises(LinkError, match="no link of this hub"):
        Links(store).open(made(other), "alice", NOW)


def test_what_it_says_cannot_be_changed(store: Engine) -> None:
    head, _, tail = made(store).partition(".")
    said = json.loads(base64.urlsafe_b64decode(head + "=="))
    assert said["person"] == "alice"
    for key, value in (("person", "mallory"), ("gate", "other"), ("expires", "2099-01-01T00:00:00Z"), ("id", "fresh")):
        forged = base64.urlsafe_b64encode(json.dumps({**said, key: value}).encode()).decode().rstrip("=")
        with pytest.raises(LinkError, match="no link of this hub"):
            Links(store).open(f"{forged}.{tail}", "alice", NOW)
    with store.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM links")).scalar() == 0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_url(URL.create("sqlite", database=str(tmp_path_factory.mktemp("links") / "test.db")))


@given(st.text() | st.text(alphabet="abcXYZ019-_.="))
def test_any_other_text_is_a_readable_refusal(shared: Engine, token: str) -> None:
    with pytest.raises(LinkError, match="no link of this hub"):
        Links(shared).open(token, "alice", NOW)


@pytest.mark.parametrize("expires", [NOW, NOW - DAY])
def test_refuses_to_make_one_that_has_expired(store: Engine, expires: datetime) -> None:
    with pytest.raises(InvalidInputError, match="give a later time"):
        made(store, expires=expires)


def test_for_a_gate_that_waits_longer_it_ends_before_the_gate(store: Engine) -> None:
    one, other = (made(store, expires=NOW + 3 * LONGEST) for _ in range(2))
    assert Links(store).open(one, "alice", NOW + LONGEST - SECOND)
    with pytest.raises(LinkExpiredError):
        Links(store).open(other, "alice", NOW + LONGEST)


def test_refuses_to_make_one_for_what_is_no_name(store: Engine) -> None:
    with pytest.raises(InvalidInputError, match="no link can be sent to 'a b'"):
        made(store, "a b")
