"""The whole application in a real browser: from a link in a message through the login page to a decision, and out again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from flows.approvals import Choice, Door, GateRequest, Ledger, Policy, State
from flows.service.accounts import Accounts, Role
from flows.settings import Settings
from flows.store import open_store
from tests.browser.conftest import Watched
from tests.browser.serving import serving_hub, sign_in
from tests.flows.accounts.people import CHEAP, PASSWORD, WRONG
from tests.flows.approvals.asking import request_of

pytestmark = pytest.mark.browser

POLICY = {"groups": {"security": ["alice", "vera"]}, "approvers": ["group:security"]}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A hub with a policy, an approver and somebody who may look."""
    folder = tmp_path_factory.mktemp("hub")
    policy = folder / "policy.yaml"
    policy.write_text("groups: {security: [alice, vera]}\napprovers: ['group:security']\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PREFECT_HOME", str(folder / "prefect"))
        patched.delenv("PREFECT_API_URL", raising=False)
        found = Settings(state_dir=folder / "state", database_url=None, policy_file=policy)
        accounts = Accounts(found, passwords=CHEAP)
        accounts.add("alice", Role.APPROVER, password=PASSWORD)
        accounts.add("vera", Role.VIEWER, password=PASSWORD)
        yield found


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The application on a port."""
    with serving_hub(settings) as found:
        yield found


def opened(settings: Settings, node: str) -> GateRequest:
    """A gate that opened just now."""
    now = datetime.now(UTC)
    times = {"opened": now, "expires": now + timedelta(hours=24)}
    request = request_of(Policy.model_validate(POLICY), node=node).model_copy(update=times)
    return Ledger(open_store(settings)).request(request)


def shot(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for one."""
    if folder := os.environ.get("DOCKYARD_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_link_leads_through_the_login_page_to_a_decision(
    settings: Settings, address: str, watched: Callable[[], Watched]
) -> None:
    request, other = opened(settings, "fix"), opened(settings, "tidy")
    token = Accounts(settings).make_link(request.gate, "alice", datetime.now(UTC) + timedelta(hours=1))
    seen = watched()
    page = seen.page
    page.goto(f"{address}/links/{token}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    shot(page, "login")
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    shot(page, "login-phone-dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.emulate_media(color_scheme="light")
    sign_in(page, "alice")
    expect(page.get_by_text(request.digest)).to_be_visible(timeout=30_000)
    assert page.url == f"{address}/?gate={request.gate}"
    page.get_by_label("Note").fill("Looks right.")
    shot(page, "gate")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").filter(has_text="Your approve is recorded")).to_be_visible(timeout=60_000)

    # Another gate, to which no link led.
    page.goto(f"{address}/gates/{other.gate}")
    expect(page.get_by_text(other.digest)).to_be_visible()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status").filter(has_text="Your reject is recorded")).to_be_visible(timeout=60_000)

    # The link is used up, and says so on a page of its own.
    page.goto(f"{address}/links/{token}")
    expect(page.get_by_role("status")).to_contain_text("This link opens once, and it was opened")
    shot(page, "link-used")
    page.get_by_role("link", name="Show the gate").click()
    expect(page.get_by_text(request.digest)).to_be_visible()

    # Out again: the session is over for every page that was open.
    page.get_by_role("link", name="Account and sign-out").click()
    expect(page.get_by_text("You are alice, with the role approver.")).to_be_visible()
    shot(page, "account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    ledger = Ledger(open_store(settings))
    first, second = ledger.gate(request.gate), ledger.gate(other.gate)
    assert [(said.actor, said.choice, said.door) for said in first.decisions] == [("alice", Choice.APPROVE, Door.LINK)]
    assert [(said.actor, said.choice, said.door) for said in second.decisions] == [("alice", Choice.REJECT, Door.PAGE)]
    assert first.state is State.APPROVED
    assert seen.violations == []
    assert seen.left == []
    assert [error for error in seen.errors if "404" not in error] == []  # the used link's page


def test_a_viewer_sees_and_cannot_decide(settings: Settings, address: str, watched: Callable[[], Watched]) -> None:
    request = opened(settings, "look")
    seen = watched()
    page = seen.page
    page.goto(f"{address}/gates/{request.gate}")
    page.get_by_label("Name", exact=True).fill("vera")
    page.get_by_label("Password").fill(WRONG.get_secret_value())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This name and password let nobody in")
    expect(page.get_by_label("Password")).to_be_focused()
    shot(page, "login-wrong")
    page.keyboard.type(PASSWORD.get_secret_value())
    page.keyboard.press("Enter")
    expect(page.get_by_text(request.digest)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("vera may look but not decide")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    assert Ledger(open_store(settings)).gate(request.gate).decisions == ()
    assert seen.violations == []
    assert seen.left == []


def test_a_page_that_was_open_when_its_person_was_disabled_does_nothing_more(
    settings: Settings, address: str, watched: Callable[[], Watched]
) -> None:
    request = opened(settings, "late")
    accounts = Accounts(settings, passwords=CHEAP)
    accounts.add("bob", Role.APPROVER, password=PASSWORD)
    page = watched().page
    page.goto(f"{address}/gates/{request.gate}")
    sign_in(page, "bob")
    expect(page.get_by_text(request.digest)).to_be_visible(timeout=30_000)
    accounts.disable("bob")
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_label("Closed ones, too").check()
    expect(page.get_by_text("You are not signed in, or not any more; sign in")).to_be_visible()
    shot(page, "signed-out")


def test_a_script_of_the_page_calls_the_api(address: str, watched: Callable[[], Watched]) -> None:
    seen = watched()
    page = seen.page
    page.goto(f"{address}/api/docs")
    sign_in(page, "alice")
    expect(page.get_by_role("heading", name="Dockyard API")).to_be_visible()
    page.goto(address)
    script = """async () => {
        const { csrf } = await (await fetch("/api/session")).json();
        const ask = headers => fetch("/api/workflows/lint", {
            method: "POST",
            body: JSON.stringify({ text: "name: x" }),
            headers: { "Content-Type": "application/json", ...headers },
        });
        return [(await ask({})).status, (await ask({ "X-CSRF-Token": csrf })).status];
    }"""
    assert page.evaluate(script) == [403, 200]
    assert seen.violations == []
