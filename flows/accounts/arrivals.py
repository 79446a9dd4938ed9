"""Arrivals: that somebody came to a gate by the link they were sent, sealed for the session in which they did."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import Engine

from flows.accounts.keys import signing_key
from flows.accounts.schema import Session

_KEY = "arrivals"


class Arrivals:
    """Seals what a door lets the browser keep. Raises UnavailableError where the database fails.

    The browser's owner can read and change what it keeps: without the key nobody makes a seal, and one of another
    session, person or gate fits nowhere.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seal(self, session: Session, gate: str) -> str:
        """The seal for one gate in one session, fit for a cookie."""
        # The CSRF token stands for the session's id, which nobody but the cookie holds.
        said = f"{session.csrf.get_secret_value()}\n{session.name}\n{gate}".encode(errors="replace")
        return hmac.new(signing_key(self._engine, _KEY), said, hashlib.sha256).hexdigest()

    def fits(self, session: Session, gate: str, seal: str) -> bool:
        """Whether that seal was made for this gate in this session."""
        return hmac.compare_digest(self.seal(session, gate).encode(), seal.encode(errors="replace"))
