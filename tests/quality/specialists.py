"""Tools that do one of these things only, over the same corpus, with their own defaults.

bandit and detect-secrets live in an environment of their own that `make quality` sets up; betterleaks (the engine under
our secrets rules) and ruff are part of the locked one. None uses the network while it scans.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betterleaks.cli import get_binary_path

from tests.quality.corpus import Project
from tests.quality.kinds import BANDIT, RUFF
from tests.quality.scoring import Alarm

ENVIRONMENT = Path(__file__).parents[2] / ".venv" / "quality"
TIMEOUT = 600


@dataclass(frozen=True)
class Specialist:
    """One tool. `kinds` and `suffix` say for which labels it is answerable; `program` must exist for it to run."""

    name: str
    agent: str
    kinds: frozenset[str]
    suffix: str
    program: Path
    run: Callable[[Path, Path], list[Alarm]]

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return self.program.exists()

    def alarms(self, project: Project) -> list[Alarm]:
        """What it reports over the project's files. Raises RuntimeError when it fails."""
        with tempfile.TemporaryDirectory() as scratch:
            # Neutral names: a tool must not see "tests" or "corpus" in the path.
            folder = Path(scratch) / "src"
            project.write(folder)
            return self.run(self.program, folder)


def _json(command: list[str], folder: Path, codes: tuple[int, ...] = (0, 1)) -> Any:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def _file(name: str, folder: Path) -> str:
    return (folder / name).resolve().relative_to(folder.resolve()).as_posix()


def _bandit(program: Path, folder: Path) -> list[Alarm]:
    report = _json([str(program), "-q", "-r", ".", "-f", "json"], folder)
    return [
        Alarm(
            project="",
            kind=BANDIT.get(entry["test_id"], entry["test_id"]),
            rule=f"{entry['test_id']} {entry['test_name']}",
            file=_file(entry["filename"], folder),
            line=entry["line_number"],
            text=entry["issue_text"],
            sure=entry["issue_severity"] != "LOW" and entry["issue_confidence"] != "LOW",
        )
        for entry in report["results"]
    ]


def _ruff(program: Path, folder: Path) -> list[Alarm]:
    select = ["--isolated", "--preview", "--select", ",".join(RUFF)]
    report = _json([str(program), "check", "--no-cache", *select, "--output-format", "json", "."], folder)
    return [
        Alarm(
            "",
            RUFF.get(entry["code"], entry["code"]),
            entry["code"],
            _file(entry["filename"], folder),
            entry["location"]["row"],
        )
        for entry in report
    ]


def _detect_secrets(program: Path, folder: Path) -> list[Alarm]:
    report = _json([str(program), "scan", "--all-files", "--no-verify", "."], folder)
    return [
        Alarm("", "secrets", entry["type"], _file(name, folder), entry["line_number"])
        for name, entries in report["results"].items()
        for entry in entries
    ]


def _betterleaks(program: Path, folder: Path) -> list[Alarm]:
    report = folder.parent / "report.json"
    command = [str(program), "fs", str(folder), "--output", str(report), "--exit-code=0", "--no-banner", "--log-level=error"]
    subprocess.run(command, cwd=folder.parent, capture_output=True, timeout=TIMEOUT, check=True)
    return [
        Alarm(
            project="",
            kind="secrets",
            rule=entry["rule_id"],
            file=_file(entry["location"]["path"], folder),
            line=entry["location"]["start_line"],
            sure=entry.get("confidence") != "low",
        )
        for entry in json.loads(report.read_text(encoding="utf-8"))["findings"] or ()
    ]


def specialists() -> tuple[Specialist, ...]:
    """All of them, installed or not."""
    secrets = frozenset({"secrets"})
    own, ours = ENVIRONMENT / "bin", Path(sys.executable).parent
    engine = Path(get_binary_path())
    return (
        Specialist("bandit", "security-scanner", frozenset(BANDIT.values()), ".py", own / "bandit", _bandit),
        Specialist("detect-secrets", "security-scanner", secrets, "", own / "detect-secrets", _detect_secrets),
        Specialist("betterleaks", "security-scanner", secrets, "", engine, _betterleaks),
        Specialist("ruff", "code-reviewer", frozenset(RUFF.values()), ".py", ours / "ruff", _ruff),
    )
