"""A report of 100,000 findings: page and API open, filter, page and export it, and their process stays small."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Page, expect

from flows.reports import archive
from flows.service.accounts import Accounts, Role, Scope
from flows.settings import Settings
from tests.browser.conftest import Watched, chromium, watched
from tests.browser.serving import sign_in
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.integration.conftest import free_port, running, until
from tests.large import FINDINGS, keep_large

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = ["chromium", "watched"]  # fixtures of the browser's tests

pytestmark = [pytest.mark.prefect, pytest.mark.browser]

MOST = 500e6
"""Bytes of memory that the process may take at its largest."""
A_MINUTE, SOON = 60_000, 180_000
"""Milliseconds."""
NEW = 30_000
EXPORTS = {
    "SARIF 2.1.0": "sarif.json",
    "CSV": "csv",
    "Markdown": "md",
    "HTML, one file": "html",
    "CycloneDX 1.6 SBOM": "cdx.json",
}


@dataclass(frozen=True)
class Hub:
    """The page and the API as a process of their own, and two runs, the newer one with NEW findings of its own."""

    address: str
    token: str
    older: UUID
    run: UUID
    pid: int
    downloads: Path

    def most_memory(self) -> int:
        """Bytes that the process took at its largest."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.fixture
def hub(prefect_client: SyncPrefectClient, tmp_path: Path) -> Iterator[Hub]:
    config = Settings(state_dir=tmp_path / "state", database_url=None, policy_file=None)
    accounts = Accounts(config, passwords=CHEAP)
    accounts.add("olga", Role.OPERATOR, password=PASSWORD)
    token = accounts.make_token("olga", "large", [Scope.RUNS_READ]).text.get_secret_value()
    repository = str(tmp_path / "repository")
    older, newer = keep_large(repository), keep_large(repository, NEW)
    port, cache = free_port(), tmp_path / "gradio"
    environment = os.environ | {"DOCKYARD_STATE_DIR": str(config.state_dir), "GRADIO_TEMP_DIR": str(cache)}
    command = [sys.executable, "-m", "ui.cli.main", "serve", "--port", str(port)]
    with running(command, tmp_path / "page.log", environment) as process:

        def ready() -> bool:
            assert process.poll() is None, (tmp_path / "page.log").read_text()
            try:
                return httpx.get(f"http://127.0.0.1:{port}/api/health/ready", timeout=5).is_success
            except httpx.HTTPError:
                return False

        until(ready, "the page is served", seconds=120)
        yield Hub(f"http://127.0.0.1:{port}", token, older, newer, process.pid, cache / "dockyard")


def test_a_hundred_thousand_findings_are_opened_filtered_paged_and_exported_in_little_memory(
    hub: Hub, watched: Callable[[], Watched]
) -> None:
    seen = watched()
    page = seen.page
    page.goto(f"{hub.address}/?run={hub.run}&tab=compliance")
    sign_in(page, "olga")
    tab = page.get_by_role("tabpanel").filter(visible=True)
    expect(tab.get_by_text(f"Findings 1 to 50 of {FINDINGS}").first).to_be_visible(timeout=A_MINUTE)
    expect(tab.get_by_text(f"{NEW} new").first).to_be_visible()
    opened = hub.most_memory()
    tab.get_by_role("button", name="Next page").click()
    expect(tab.get_by_text(f"Findings 51 to 100 of {FINDINGS}").first).to_be_visible(timeout=A_MINUTE)
    tab.get_by_label("critical", exact=True).check()
    expect(tab.get_by_text(f"Findings 1 to 50 of {FINDINGS // 4},").first).to_be_visible(timeout=A_MINUTE)
    tab.get_by_label("New since the last run only").check()
    expect(tab.get_by_text(f"Findings 1 to 50 of {NEW // 4},").first).to_be_visible(timeout=A_MINUTE)
    for shown, ending in EXPORTS.items():
        compare(export(page, shown, ending), hub, ending)
    kept = sorted(path.name.partition(".")[2] for path in hub.downloads.iterdir())
    assert kept == sorted(EXPORTS.values())  # a file each, which Gradio removes after an hour, and nothing else
    assert (seen.errors, seen.left) == ([], [])
    most = hub.most_memory()
    assert most < MOST, f"{most / 1e6:.0f} MB, {opened / 1e6:.0f} MB when it was opened"


def test_the_api_pages_filters_and_exports_a_hundred_thousand_findings_in_little_memory(hub: Hub) -> None:
    headers = {"Authorization": f"Bearer {hub.token}"}
    with httpx.Client(base_url=f"{hub.address}/api/runs/{hub.run}", headers=headers, timeout=SOON / 1000) as client:
        first = client.get("/findings").raise_for_status().json()
        last = client.get("/findings", params={"offset": FINDINGS - 50}).json()
        worst = client.get("/findings", params={"severity": "critical", "offset": FINDINGS // 4 - 10}).json()
        assert (first["next_offset"], last["next_offset"], worst["next_offset"]) == (50, None, None)
        assert [len(part["items"]) for part in (first, last, worst)] == [50, 50, 10]
        assert {item["finding"]["severity"] for item in (*first["items"], *worst["items"])} == {"critical"}
        assert {item["finding"]["severity"] for item in last["items"]} == {"info"}
        for name, lines in {"sarif": 20, "csv": 1, "markdown": 1, "html": 1, "json": 10, "text": 2, "cyclonedx": 0}.items():
            with client.stream("GET", "/report", params={"format": name}) as answer:
                assert answer.status_code == 200
                assert sum(piece.count(b"\n") for piece in answer.iter_raw()) >= lines * FINDINGS
    most = hub.most_memory()
    assert most < MOST, f"{most / 1e6:.0f} MB"


def export(page: Page, shown: str, ending: str) -> Path:
    """Make the file on the page and download it."""
    tab = page.get_by_role("tabpanel").filter(visible=True)
    tab.get_by_role("combobox", name="Export the whole run as").click()
    page.get_by_role("option", name=shown, exact=True).click()
    tab.get_by_role("button", name="Make the file").click()
    button = tab.locator("#compliance-file")
    expect(button).to_contain_text(re.compile(f"Download .*[.]{re.escape(ending)}"), timeout=SOON)
    with page.expect_download(timeout=SOON) as waiting:
        button.click()
    return Path(str(waiting.value.path()))


def compare(made: Path, hub: Hub, ending: str) -> None:
    """What was exported holds every finding of the report."""
    wanted = {found["fingerprint"] for found in archive.load(hub.run).nodes[0].part("findings")}
    assert len(wanted) == FINDINGS
    text = made.read_text(encoding="utf-8")
    match ending:
        case "sarif.json":
            results = json.loads(text)["runs"][0]["results"]
            assert {result["partialFingerprints"]["dockyard/v1"] for result in results} == wanted
        case "csv":
            assert {row["fingerprint"] for row in csv.DictReader(io.StringIO(text, newline=""))} == wanted
        case "cdx.json":
            assert json.loads(text)["bomFormat"] == "CycloneDX"
        case _:
            assert len(set(re.findall(r"Finding (\d{6})", text))) == FINDINGS
