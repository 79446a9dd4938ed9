"""Workflows and agents, looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.catalog import catalog
from flows.people import DEFAULT_WORKSPACE
from flows.service.shelf import names
from flows.settings import Settings
from ui.page.catalog_view import agent_html, workflow_html


@pytest.mark.parametrize("name", [*catalog()])
def test_an_agent_shows_its_risk_limits_secrets_and_schemas(name: str) -> None:
    shown, manifest = agent_html(name, Settings(), DEFAULT_WORKSPACE), catalog()[name]
    assert ("waits for approval" if manifest.risk.value == "APPROVAL_REQUIRED" else "runs by itself") in shown
    for part in (manifest.version, f"{manifest.limits.memory_mb} MiB", "Secrets", "Schema of its report"):
        assert part in shown
    assert all(f"<code>{field}</code>" in shown for field in (*manifest.params.model_fields, *manifest.report.model_fields))


def test_every_shipped_workflow_shows_that_it_is_sound() -> None:
    settings = Settings()
    for name in names(settings, DEFAULT_WORKSPACE):
        shown = workflow_html(name, settings, DEFAULT_WORKSPACE)
        assert "no problems" in shown, name
        assert "data:image/svg+xml" in shown


def test_a_workflow_shows_when_it_starts_by_itself() -> None:
    assert "0 4 * * 2 (UTC) over .; not active" in workflow_html("dependency-update", Settings(), DEFAULT_WORKSPACE)


def test_a_broken_workflow_shows_its_text_and_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\nnodes: [{id: a, agent: '<script>'}]\n", encoding="utf-8")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    settings = Settings(workflows_dir=tmp_path)
    shown = workflow_html("bad", settings, DEFAULT_WORKSPACE)
    assert "1 problem" in shown
    assert "bad.yaml:2:" in shown
    assert "<script" not in shown
    assert "not UTF-8" in workflow_html("bytes", settings, DEFAULT_WORKSPACE)


@pytest.mark.parametrize("name", ["../bad", "nothing", ""])
def test_what_is_not_there_is_a_sentence(name: str) -> None:
    assert 'role="alert"' in workflow_html(name, Settings(), DEFAULT_WORKSPACE)
    assert ("there is no agent" if name else "Choose an agent") in agent_html(name, Settings(), DEFAULT_WORKSPACE)
