"""A provider, and a hub whose people can sign in there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from flows.service.accounts import Accounts, Role
from flows.settings import Settings
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.ui.access.conftest import told
from tests.ui.oidc.provider import CLIENT, SECRET, OpenIdProvider, open_provider
from ui.app.application import front, provider_of
from ui.oidc.settings import OidcSettings
from ui.settings import WebSettings

HUB = "https://hub.test"
ANN = "ann@example.org"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    """Where everybody is Ann until a test says otherwise."""
    with open_provider() as opened:
        yield opened


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Ann approves, and has a password, too."""
    known = Accounts(Settings(state_dir=tmp_path / "state", database_url=None, policy_file=None), passwords=CHEAP)
    known.add(ANN, Role.APPROVER, password=PASSWORD)
    return known


@dataclass
class Browser:
    """Somebody with cookies of their own, at the hub and at the provider."""

    hub: TestClient

    def leave(self, then: str = "") -> httpx.Response:
        """Ask the hub to send them to the provider."""
        return self.hub.get("/login/oidc", params={"next": then} if then else {})

    def at_provider(self, sent: httpx.Response) -> str:
        """Follow the hub's redirect, and give the address that the provider sends them back to."""
        return httpx.get(sent.headers["location"]).headers["location"]

    def sign_in(self, then: str = "") -> httpx.Response:
        """The whole way; gives the hub's answer to coming back."""
        sent = self.leave(then)
        assert sent.status_code == 303, sent.text
        return self.hub.get(self.at_provider(sent))

    def sign_in_or_refused(self) -> httpx.Response:
        """The hub's first answer that is a page of its own."""
        sent = self.leave()
        return self.hub.get(self.at_provider(sent)) if sent.status_code == 303 else sent

    def who(self) -> str | None:
        """Whom the hub takes them for."""
        answer = self.hub.get("/config")
        return answer.json()["who"] if answer.status_code == 200 else None


Open = Callable[..., Browser]


@pytest.fixture
def browse(accounts: Accounts, provider: OpenIdProvider) -> Open:
    """A function that gives a browser, at a hub with these settings of the provider beside the needed ones."""

    def opened(**given: Any) -> Browser:
        needed = {
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "Acme",
        }
        web = WebSettings(page_url=HUB)
        app = front(told, accounts, web, provider_of(OidcSettings(**(needed | given)), web))
        return Browser(TestClient(app, base_url=HUB, follow_redirects=False))

    return opened
