"""Tenants on the command line: which there are, what their runs may read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.cli.gates import command
from ui.cli.errors import Exit

pytestmark = pytest.mark.usefixtures("workspace")


def test_what_is_allowed_is_listed_and_can_be_taken_away() -> None:
    done = command("workspaces", "allow", "blue", "-r", "https://git.example.com/blue/**", "-r", "/srv/blue")
    assert (done.exit_code, done.stderr) == (0, "blue may read: /srv/blue, https://git.example.com/blue/**\n")
    rows = command("workspaces", "list").stdout.splitlines()
    assert [row.split() for row in rows] == [
        ["Workspace", "Repositories"],
        ["blue", "/srv/blue,", "https://git.example.com/blue/**"],
        ["default", "**"],
    ]
    done = command("workspaces", "forbid", "blue", "-r", "/srv/blue", "-r", "https://git.example.com/blue/**")
    assert (done.exit_code, done.stderr) == (0, "blue may read: nothing\n")


def test_a_run_for_a_workspace_that_may_not_read_the_repository_is_refused(tmp_path: Path) -> None:
    refused = command("run", "health-check", "-r", tmp_path, "--workspace", "blue")
    assert (refused.exit_code, refused.stderr.count("there is no workspace 'blue'")) == (Exit.INVALID, 1)
    command("workspaces", "allow", "blue", "-r", "/srv/**")
    refused = command("run", "health-check", "-r", tmp_path, "--workspace", "blue")
    assert refused.exit_code == Exit.INVALID
    assert f"the workspace 'blue' may not read {tmp_path}" in refused.stderr
    assert "dockyard workspaces allow blue --repository PATTERN" in refused.stderr


@pytest.mark.parametrize("arguments", [("approvals", "list"), ("deploy",), ("runs",)])
def test_a_workspace_that_is_not_there_is_told_as_such(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    refused = command(*arguments, "--workspace", "bleu")
    assert refused.exit_code == Exit.INVALID
    assert "there is no workspace 'bleu'; `dockyard workspaces list` shows what there is" in refused.stderr
