"""Gates of a workspace of the tests' own, and the command over it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner, Result

from flows.approvals import GateRequest, Ledger, Policy, single_user
from flows.settings import local_person, settings
from flows.store import open_store
from tests.flows.approvals.asking import DIFF, request_of
from ui.cli.main import app

ME = local_person()
RUN = "0b7c2a52-5a3b-4a4e-9f57-3b1e2f0c9a7e"


def command(*arguments: str | Path) -> Result:
    """Run the command in this process, its output as wide as it likes and no terminal anywhere."""
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    return runner.invoke(app, [str(argument) for argument in arguments])


def opened(
    policy: Policy | None = None, *, diff: str = DIFF, why: str = "Flask 2.0 has a known hole.", **asked: str
) -> GateRequest:
    """A gate that opened just now and is open for a day; by default the local person may decide."""
    now = datetime.now(UTC)
    fresh = {"opened": now, "expires": now + timedelta(hours=24)}
    request = request_of(policy or single_user(ME), diff=diff, why=why, **{"run": RUN, **asked}).model_copy(update=fresh)
    return ledger().request(request)


def ledger() -> Ledger:
    """The ledger that the settings name."""
    return Ledger(open_store(settings()))
