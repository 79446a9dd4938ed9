"""The login page as the door answers it, whatever led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from ui.access.addresses import HOME, local
from ui.access.html import LoginPage
from ui.hardening.rate_limit import refuse_with_problem
from ui.hardening.rate_window import Count


@dataclass(frozen=True)
class Login:
    """Makes login pages of one site. `provider` is what its identity provider is called, empty where there is none."""

    provider: str = ""

    def page(
        self,
        said: str | Exception = "",
        status: int = 200,
        *,
        then: str = HOME,
        name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The page with what came of the last try, as a sentence."""
        return HTMLResponse(LoginPage(then, name, sentence(said), self.provider).html(), status, headers)

    def too_many(self, scope: Scope, count: Count) -> Response:
        """What a client is answered that asked too often: people on the page, programs as everywhere."""
        connection = HTTPConnection(scope)
        if "text/html" not in connection.headers.get("accept", ""):
            return refuse_with_problem(scope, count)
        said = f"too many tries from your address; try again in {count.reset} s"
        return self.page(said, 429, then=local(connection.query_params.get("next", HOME)))

    def left(self, end: str | None) -> Response:
        """The page for who has just signed out; `end` is where they can sign out of the provider, too."""
        return HTMLResponse(LoginPage(provider=self.provider, left=True, end=end).html())


def sentence(said: str | Exception) -> str:
    """What an error says, as one sentence; empty where it says nothing."""
    text = str(said).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
