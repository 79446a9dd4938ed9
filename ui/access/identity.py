"""Finding out who asks: by the session's cookie, or below the API by a token."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from flows.service.accounts import Accounts, ForbiddenError, NotSignedInError, Principal
from ui.access.cookies import SESSION, Cookies
from ui.hardening.paths import API, is_below

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 16
"""Look-ups at the same time. They have threads of their own: the page's events may hold all others for minutes."""


class Identity:
    """Asks `Accounts` in a thread, for every request anew: whoever is disabled or signs out is out with the next."""

    def __init__(self, accounts: Accounts, cookies: Cookies) -> None:
        self.accounts = accounts
        self.cookies = cookies
        self._threads = CapacityLimiter(AT_ONCE)

    async def find(self, connection: HTTPConnection) -> Principal:
        """Who asks. Raises NotSignedInError, ForbiddenError for a token elsewhere than at the API, UnavailableError."""
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            if not is_below(connection.scope, API):  # the page asks for no scopes, so a token would have all of them
                raise ForbiddenError(f"a token opens {API} alone; sign in to use the page")
            return await self.ask(self.accounts.person_of_token, token.strip())
        session = self.cookies.read(connection, SESSION)
        if not session:
            raise NotSignedInError("you are not signed in; sign in, or send a token as `Authorization: Bearer …`")
        return await self.ask(self.accounts.person_of_session, session)

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `question` answers, without holding up other requests."""
        return await anyio.to_thread.run_sync(partial(question, *args, **kwargs), limiter=self._threads)
