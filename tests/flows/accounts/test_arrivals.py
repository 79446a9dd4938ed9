"""That somebody came by a link is known in that session, for that gate, and can't be made up."""

from __future__ import annotations

from sqlalchemy import Engine

from flows.accounts import Arrivals, Session, SignIn
from tests.flows.accounts.people import CHEAP, NOW, PASSWORD, added

GATE, OTHER = "0f1d4d0c-6f3e-5b1c-9a59-3d1c5f0f7f4e", "9a590f1d-6f3e-5b1c-9a59-3d1c5f0f7f4e"


def signed_in(store: Engine, name: str) -> Session:
    return SignIn(store, CHEAP).sign_in(name, PASSWORD, NOW).session


def test_a_seal_fits_its_session_and_its_gate_alone(store: Engine) -> None:
    added(store, "alice")
    added(store, "bob")
    session, later, other = signed_in(store, "alice"), signed_in(store, "alice"), signed_in(store, "bob")
    seal = Arrivals(store).seal(session, GATE)
    assert Arrivals(store).fits(session, GATE, seal)
    assert not Arrivals(store).fits(session, OTHER, seal)
    assert not Arrivals(store).fits(later, GATE, seal)
    assert not Arrivals(store).fits(other, GATE, seal)


def test_what_was_not_sealed_here_fits_nowhere(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store, "alice")
    seal = Arrivals(store).seal(session, GATE)
    for forged in ("", session.csrf.get_secret_value(), seal[:-1], seal.upper(), "\udcff"):
        assert not Arrivals(store).fits(session, GATE, forged)
