"""`dockyard lint` over files, folders and standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ui.cli.main import app

GOOD = "name: good\nnodes: [{id: scan, agent: security-scanner}]\n"
BAD = "name: bad\nnodes: [{id: scan, agent: security-scaner}]\n"


def lint(*arguments: str | Path, stdin: str | None = None) -> Result:
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    return runner.invoke(app, ["lint", *map(str, arguments)], input=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files in a folder, one below, one in a hidden folder, one of another kind."""
    for name, text in (
        ("a.yaml", GOOD),
        ("b.yml", BAD),
        ("deep/c.yaml", BAD),
        (".git/d.yaml", BAD),
        ("notes.txt", BAD),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_stands_for_every_workflow_file_below(folder: Path) -> None:
    done = lint(folder)
    assert done.exit_code == 2
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [f"{folder}/b.yml", f"{folder}/deep/c.yaml"]
    assert done.stderr == "dockyard: 2 problems found\n"


def test_what_cannot_be_read_does_not_stop_the_others(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    empty = folder / "empty"
    empty.mkdir()
    done = lint(folder / "gone.yaml", folder / "latin.yaml", empty, folder / "b.yml")
    assert done.exit_code == 2
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [f"{folder}/b.yml"]
    assert done.stderr.splitlines() == [
        f"dockyard: {folder}/gone.yaml: No such file or directory.",
        f"dockyard: {folder}/latin.yaml: not UTF-8 text (byte 9).",
        f"dockyard: {empty}: no *.yaml or *.yml file is in this folder.",
        "dockyard: 1 problem found",
    ]


def test_a_file_that_cannot_be_read_is_no_success(folder: Path) -> None:
    done = lint(folder / "a.yaml", folder / "gone.yaml")
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_dash_reads_standard_input() -> None:
    assert (lint("-", stdin=GOOD).exit_code, lint("-", stdin=GOOD).stdout) == (0, "1 file checked, no problems\n")
    done = lint("-", stdin=BAD)
    assert done.exit_code == 2
    assert done.stdout.startswith("stdin.yaml:2:27: DY004 there is no agent 'security-scaner'. Did you mean")


@pytest.mark.parametrize("format_", ["json", "sarif"])
def test_machines_get_a_document_and_the_same_exit_codes(folder: Path, format_: str) -> None:
    bad = lint(folder / "b.yml", folder / "gone.yaml", "--format", format_)
    good = lint(folder / "a.yaml", "--format", format_)
    assert (bad.exit_code, good.exit_code) == (2, 0)
    told = json.loads(bad.stdout)
    found = told if format_ == "json" else told["runs"][0]["results"]
    assert [entry.get("code") or entry["ruleId"] for entry in found] == ["DY001", "DY004"]
    assert json.loads(good.stdout) == [] if format_ == "json" else json.loads(good.stdout)["runs"][0]["results"] == []


def test_json_names_the_place_and_the_suggestion(folder: Path) -> None:
    (entry,) = json.loads(lint(folder / "b.yml", "--format", "json").stdout)
    assert (entry["file"], entry["line"], entry["column"], entry["code"]) == (f"{folder}/b.yml", 2, 27, "DY004")
    assert entry["suggestion"] == "Did you mean 'security-scanner'?"
