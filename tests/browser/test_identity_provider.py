"""Signing in at a certified OpenID provider, in a real browser: there, back, out, and whoever has no business here."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from flows.service.accounts import Accounts, Role
from flows.settings import Settings
from tests.browser import axe
from tests.browser.conftest import Watched
from tests.browser.openid_provider import installed, node_provider
from tests.browser.serving import serving_hub
from tests.flows.accounts.people import CHEAP
from ui.oidc.settings import OidcSettings

pytestmark = pytest.mark.browser

CLIENT = ("dockyard", "a secret of the browser tests")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests"
ADA = "ada@example.org"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A hub that knows Ada, without a password."""
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PREFECT_HOME", str(folder / "prefect"))
        patched.delenv("PREFECT_API_URL", raising=False)
        found = Settings(state_dir=folder / "state", database_url=None, policy_file=None)
        Accounts(found, passwords=CHEAP).add(ADA, Role.OPERATOR)
        yield found


@pytest.fixture(scope="module")
def issuer() -> str:
    """Another site than the hub's, as in life: cookies that are for one's own site alone stay behind."""
    return f"http://localhost:{free_port()}"


@pytest.fixture(scope="module")
def address(settings: Settings, issuer: str) -> Iterator[str]:
    """The hub, and the provider for which it is registered."""
    oidc = OidcSettings(
        oidc_issuer=issuer, oidc_client_id=CLIENT[0], oidc_client_secret=CLIENT[1], oidc_name="Acme", oidc_timeout=20
    )
    with serving_hub(settings, oidc) as hub:
        port, folder = int(issuer.rpartition(":")[2]), installed(CACHE)
        with node_provider(folder, port, f"{hub}/login/oidc/callback", CLIENT, f"{hub}/login"):
            yield hub


def sign_in(page: Page, name: str) -> None:
    """From the login page to the provider's, by the keyboard, and through it."""
    page.get_by_role("link", name="Sign in with Acme").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Acme")).to_be_visible()
    page.get_by_label("Who are you?").fill(name)
    page.get_by_role("button", name="Continue").click()


def shot(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for one."""
    if folder := os.environ.get("DOCKYARD_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_there_and_back_and_out(settings: Settings, address: str, issuer: str, watched: Callable[[], Watched]) -> None:
    seen = watched()
    page = seen.page
    page.goto(f"{address}/runs/no-such-run")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    shot(page, "login-provider")
    assert axe.violations(page, axe.script(CACHE)) == []
    sign_in(page, "ada")
    expect(page.get_by_role("link", name="Account and sign-out")).to_be_visible(timeout=60_000)
    assert page.url == f"{address}/?run=no-such-run"
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(address)}
    assert (cookies["dockyard"]["httpOnly"], cookies["dockyard"]["sameSite"]) == (True, "Lax")
    assert "dockyard-oidc" not in cookies
    (bound,) = Accounts(settings).identities(ADA)
    assert (bound.identity.issuer, bound.identity.subject) == (issuer, "sub-ada")

    page.get_by_role("link", name="Account and sign-out").click()
    expect(page.get_by_text(f"You are {ADA}, with the role operator.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out here. Acme may still know you in this browser")
    shot(page, "login-signed-out")

    # The provider does: one click, no name, and in again.
    page.get_by_role("link", name="Sign in with Acme").click()
    expect(page.get_by_role("link", name="Account and sign-out")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Account and sign-out").click()
    page.get_by_role("button", name="Sign out").click()

    # Out there, too: now it asks again.
    page.get_by_role("link", name="sign out there, too").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{address}/login*")
    page.get_by_role("link", name="Sign in with Acme").click()
    expect(page.get_by_label("Who are you?")).to_be_visible()
    assert seen.violations == []
    assert [url for url in seen.left if not url.startswith(issuer)] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eve", "Nobody has an account 'eve@example.org' here; ask an admin to add one"),
        ("unverified", "Acme has not verified your e-mail address; verify it there, then sign in again."),
    ],
)
def test_who_has_no_business_here_reads_why(address: str, watched: Callable[[], Watched], name: str, said: str) -> None:
    seen = watched()
    page = seen.page
    page.goto(f"{address}/login")
    sign_in(page, name)
    expect(page.get_by_role("alert")).to_contain_text(said)
    shot(page, f"login-provider-{name}")
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(f"{address}/config")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert seen.violations == []


def test_who_turns_back_at_the_provider_is_at_the_login_page(address: str, watched: Callable[[], Watched]) -> None:
    page = watched().page
    page.goto(f"{address}/login?next=/runs/x")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("Acme let nobody in: the sign-in was cancelled there")
    expect(page.get_by_role("link", name="Sign in with Acme")).to_have_attribute("href", "/login/oidc?next=%2Fruns%2Fx")
