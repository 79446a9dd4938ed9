"""`make screenshots`: every tab over the newest finished run, wide and narrow, light and dark, as PNG; axe looks at each.

It uses the Prefect server that this machine uses, and starts and ends one where none runs. Where no run has a report for
every tab, it makes one. Exits 1 where a tab shows an error, scrolls sideways, or axe finds something serious.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from playwright.sync_api import sync_playwright

from flows.errors import DockyardError
from flows.reports.glance import glance
from flows.service import LocalServices, RunHandle, Runs, StartRequest, deploy_all
from flows.service.approvals import Approvals
from flows.settings import RuntimeName, Settings, local_person
from tests.browser import axe
from tests.browser.conftest import FLAGS
from tests.browser.serving import serving
from tests.browser.tour import TABS, THEMES, WIDTHS, tour
from tests.flows.workspace.conftest import git
from ui.page.visitor import Visitor

SAMPLE = Path(__file__).parents[1] / "quality" / "corpus" / "security-scanner" / "courier"
REPORTING = {"compliance-checker", "code-reviewer"}
LOOKED_AT = 30
RUN_SECONDS = 120


def main(folder: Path) -> int:
    """Write the pictures to `folder`; 0 where nothing is wrong with any."""
    settings = Settings()
    try:
        with started(settings):
            run = newest(settings) or made(settings)
            return pictures(settings, run, folder)
    except DockyardError as error:
        print(f"No pictures: {error}", file=sys.stderr)
        return 1


def pictures(settings: Settings, run: UUID, folder: Path) -> int:
    """Write the pictures over that run and, where one is open, over a gate."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    source = axe.script(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests")
    gate = next((found.id for found in Approvals(settings).list()), "")
    visitor = Visitor(name=local_person(), may_run=True, may_decide=True)
    wrong: list[str] = []
    count, number, begun = len(TABS) * len(WIDTHS) * len(THEMES), 0, time.monotonic()
    with serving(settings, visitor) as page, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        address = f"{page}/?run={run}&tab=approvals&workflow=dependency-update{f'&gate={gate}' if gate else ''}"
        for number, stop in enumerate(tour(browser, address, source, with_gate=bool(gate)), start=1):
            stop.page.screenshot(path=folder / f"{stop.tab}-{stop.width}-{stop.theme}.png", full_page=True)
            said = "fine" if not stop.problems else f"{len(stop.problems)} wrong"
            print(f"[{number}/{count}] {stop}: {said} ({time.monotonic() - begun:.0f} s)", flush=True)
            wrong += [f"{stop}: {problem}" for problem in stop.problems]
        browser.close()
    print(*wrong, f"{number} pictures are in {folder}", sep="\n")
    return 1 if wrong or number < count else 0


@contextmanager
def started(settings: Settings) -> Iterator[None]:
    """A Prefect server with a worker; what was not there before is ended afterwards."""
    services = LocalServices(settings)
    there = services.living() is not None
    try:
        services.use(say)
        yield
    finally:
        if services.used and not there:
            services.stop()


def newest(settings: Settings) -> UUID | None:
    """The newest run that has something for every tab."""
    return next((run.id for run in Runs(settings).list(limit=LOOKED_AT) if run.state.final and reports(run)), None)


def reports(run: RunHandle) -> bool:
    """Whether the agents that the report tabs are about reported in it."""
    found = glance(run.id)
    return found is not None and {node.agent for node in found.nodes if node.report is not None} >= REPORTING


def made(settings: Settings) -> UUID:
    """A run of health-check over a small repository. Raises UnavailableError, also where it does not end in time."""
    say("No run has a report for every tab yet: running health-check over a sample …")
    deploy_all(settings)
    with tempfile.TemporaryDirectory(prefix="dockyard-sample-") as folder:
        repository = Path(folder) / SAMPLE.name
        shutil.copytree(SAMPLE, repository)
        for file in repository.rglob("*.sample"):
            file.rename(file.with_suffix(""))
        git(repository, "init", "--quiet", "--initial-branch", "main")
        git(repository, "add", "--all", "--force")
        git(repository, "commit", "--quiet", "--message", "start")
        runs = Runs(settings)
        request = StartRequest(workflow="health-check", repository=str(repository), runtime=RuntimeName.LOCAL)
        run = runs.start(request).id
        ended(lambda: runs.get(run))
    return run


def ended(look: Callable[[], RunHandle]) -> None:
    """Wait for the run's end."""
    limit = time.monotonic() + RUN_SECONDS
    while not (run := look()).state.final:
        if time.monotonic() > limit:
            raise DockyardError(
                f"{run.name} is {run.state.value} after {RUN_SECONDS} s; `dockyard logs {run.name}` says why"
            )
        time.sleep(0.5)


def say(text: str) -> None:
    """Tell what is done."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
