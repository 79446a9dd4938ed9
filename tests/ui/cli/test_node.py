"""`dockyard node`: one node of a workflow alone, in the local runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.settings import ROOT

WORKFLOW = """\
name: small
params: {greeting: {type: string, default: Hello}, loud: {type: boolean, default: true}}
nodes:
  - {id: scan, agent: security-scanner}
  - id: tell
    agent: notifier
    when: "{{ params.loud }}"
    inputs: {title: "{{ params.greeting }}", message: "{{ scan.output.summary.critical }} critical in {{ run.workflow }}"}
  - id: each
    agent: notifier
    for_each: "{{ scan.output.findings | map(attribute='message') | list }}"
    inputs: {message: "One: {{ item }}"}
  - {id: mend, agent: notifier, run_if: failure, inputs: {message: "{{ scan.error }}"}}
  - id: again
    agent: notifier
    repeat: {until: "{{ again.output.requests > 0 }}", max: 3}
    inputs: {message: hello}
  - {id: bad, agent: notifier, inputs: {message: "{{ params.greeting | replace('Hello', '') }}"}}
  - {id: part, workflow: health-check}
edges: [{from: scan, to: mend}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workflow, a folder to run it over, and fixtures."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "small.yaml").write_text(WORKFLOW, encoding="utf-8")
    return tmp_path


def dockyard(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    names = [
        name for name in os.environ if not name.startswith(("DOCKYARD_", "PREFECT_")) or name == "DOCKYARD_SEMGREP_HOME"
    ]
    environment = {name: os.environ[name] for name in names}
    environment |= {"PYTHONPATH": str(ROOT), "DOCKYARD_STATE_DIR": str(folder / "state")}
    command = [sys.executable, "-m", "ui.cli.main", "node", str(folder / "small.yaml"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=environment, cwd=folder, input=stdin
    )


def run(folder: Path, node: str, fixture: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    file = folder / "fixture.json"
    file.write_text(json.dumps(fixture), encoding="utf-8")
    return dockyard(folder, node, "--with", str(file), "--repository", str(folder / "code"), "--runtime", "local", *more)


def test_a_node_reads_the_fixture_and_prints_its_result_alone(folder: Path) -> None:
    done = run(folder, "tell", {"scan": {"output": {"summary": {"critical": 2}}}, "params": {"greeting": "Good day"}})
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["agent"], result["failure"]) == ("notifier", None)
    assert result["report"]["text"] == "Good day\n2 critical in small"
    assert "WARNING The local runtime is not a security boundary" in done.stderr


def test_a_param_on_the_command_line_goes_before_the_fixture(folder: Path) -> None:
    fixture = {"scan": {"output": {}}, "params": {"greeting": "Good day"}}
    done = run(folder, "tell", fixture, "--param", "greeting=Bye")
    assert json.loads(done.stdout)["report"]["text"] == "Bye\n0 critical in small"


def test_a_fan_out_prints_a_list_and_one_item_its_own_result(folder: Path) -> None:
    findings = [{"rule": "a/b", "severity": "info", "message": word} for word in ("one", "two")]
    fixture = {"scan": {"output": {"findings": findings}}}
    whole = json.loads(run(folder, "each", fixture).stdout)
    assert [one["report"]["text"] for one in whole] == ["One: one", "One: two"]
    alone = json.loads(run(folder, "each", {**fixture, "item": "three"}).stdout)
    assert alone["report"]["text"] == "One: three"


@pytest.mark.parametrize(
    ("node", "fixture", "reason"),
    [
        ("tell", {"scan": {"output": {}}, "params": {"loud": False}}, "its condition `when` is false"),
        ("tell", {"scan": {"status": "failed"}}, "it needs success, but 'scan' failed"),
        ("mend", {"scan": {"output": {}}}, "nothing it waits for failed"),
    ],
)
def test_a_node_that_a_run_would_skip_prints_null(folder: Path, node: str, fixture: dict[str, Any], reason: str) -> None:
    done = run(folder, node, fixture)
    assert (done.returncode, done.stdout) == (0, "null\n")
    assert done.stderr == f"dockyard: a run would skip '{node}': {reason}\n"


def test_a_node_for_failures_runs_after_one(folder: Path) -> None:
    done = run(folder, "mend", {"scan": {"status": "failed", "error": "out of memory"}})
    assert json.loads(done.stdout)["report"]["text"] == "out of memory"


def test_a_loop_runs_one_turn_and_says_whether_it_would_end(folder: Path) -> None:
    done = run(folder, "again", {})
    assert json.loads(done.stdout)["report"]["requests"] == 0
    assert "INFO `until` is false: there would be another turn." in done.stderr


def test_inputs_that_the_agent_refuses_exit_2_with_the_result_printed(folder: Path) -> None:
    done = run(folder, "bad", {})
    assert done.returncode == 2
    assert json.loads(done.stdout)["failure"]["code"] == "invalid-request"


def test_a_fixture_that_does_not_fit_is_refused_before_anything_runs(folder: Path) -> None:
    done = run(folder, "tell", {"scan": {"output": {"summary": {"critical": "two"}}}})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == "dockyard: the fixture does not fit:"
    assert "scan: output.summary.critical: Input should be a valid integer" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["tel"], "'small' has no node 'tel'. Did you mean 'tell'?"),
        (["part"], "'part' runs the workflow 'health-check': run one of its nodes, `dockyard node health-check …`"),
        (["tell", "--with", "gone.json"], "--with: gone.json: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(folder: Path, arguments: list[str], reason: str) -> None:
    done = dockyard(folder, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"dockyard: {reason}\n")


def test_a_printed_fixture_is_one_to_begin_with(folder: Path) -> None:
    printed = dockyard(folder, "tell", "--print-fixture")
    assert json.loads(printed.stdout) == {
        "scan": {"status": "completed", "output": {"summary": {"critical": 0}}},
        "params": {"greeting": "Hello", "loud": True},
    }
    more = ["--with", "-", "--repository", str(folder / "code"), "--runtime", "local"]
    done = dockyard(folder, "tell", *more, stdin=printed.stdout)
    assert json.loads(done.stdout)["report"]["text"] == "Hello\n0 critical in small"
