"""`dockyard plan` in its formats, on stdout and into a file."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from typer.testing import CliRunner, Result

from ui.cli.main import app

WORKFLOW = """\
name: small
params: {deep: {type: boolean, default: false}}
nodes:
  - {id: scan, agent: security-scanner}
  - {id: review, agent: code-reviewer, when: "{{ params.deep }}"}
  - {id: tell, agent: notifier, inputs: {message: "{{ scan.output.summary.total }} findings"}}
"""


def plan(*arguments: str | Path) -> Result:
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    return runner.invoke(app, ["plan", *map(str, arguments)])


def written(folder: Path) -> Path:
    file = folder / "small.yaml"
    file.write_text(WORKFLOW, encoding="utf-8")
    return file


def test_text_shows_waves_and_who_waits(tmp_path: Path) -> None:
    done = plan(written(tmp_path))
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "small",
        "  Params       deep=false",
        "",
        "wave 1, 2 nodes side by side",
        "   scan    security-scanner",
        "             at most 30m",
        "   review  code-reviewer",
        "             skipped: its condition is false with these params",
        "             only if params.deep",
        "             at most 15m",
        "wave 2",
        "   tell  notifier",
        "           after scan",
        "           at most 2m",
    ]


def test_params_decide(tmp_path: Path) -> None:
    done = plan(written(tmp_path), "--param", "deep=true")
    assert "only if params.deep: true with these params" in done.stdout
    assert "skipped" not in done.stdout
    wrong = plan(written(tmp_path), "--param", "deep=yes")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr == "dockyard: the param 'deep' takes boolean, not 'yes'\n"


def test_a_shipped_workflow_is_planned_by_name() -> None:
    assert plan("health-check").stdout.startswith("health-check\n")


def test_pictures_and_data_go_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.svg"
    done = plan(written(tmp_path), "--format", "svg", "--output", target)
    assert (done.exit_code, done.stdout) == (0, "")
    assert ET.parse(target).getroot().tag.endswith("svg")  # noqa: S314 — our own picture
    assert plan(written(tmp_path), "--format", "mermaid").stdout.startswith("flowchart LR\n")
    assert json.loads(plan(written(tmp_path), "--format", "json").stdout)["workflow"] == "small"


def test_a_workflow_with_problems_has_no_plan(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(WORKFLOW.replace("notifier", "notifer"), encoding="utf-8")
    done = plan(file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "DY004 there is no agent 'notifer'" in done.stderr


def test_refuses_a_gate_that_nobody_could_open(tmp_path: Path) -> None:
    file = tmp_path / "gated.yaml"
    node = "{id: ask, agent: notifier, inputs: {message: x}, approval: {approvers: ['group:ops']}}"
    file.write_text(f"name: gated\nnodes:\n  - {node}\n", encoding="utf-8")
    done = plan(file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{file}:3:77: DY012 the approvers of 'ask' name the group 'ops'" in done.stderr
