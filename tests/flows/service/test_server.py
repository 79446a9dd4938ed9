"""Which Prefect server counts: read as Prefect reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import ROOT

PROFILES = """\
active = "team"
[profiles.team]
PREFECT_API_URL = "http://team.example.org/api"
[profiles.other]
PREFECT_API_URL = "http://other.example.org/api"
[profiles.none]
PREFECT_LOGGING_LEVEL = "INFO"
"""


def used(home: Path, **environment: str) -> str:
    """The API address that commands of a new process use without starting anything."""
    code = (
        "from flows.service import LocalServices\nfrom flows.settings import Settings\n"
        "from flows.errors import UnavailableError\n"
        "try:\n    print(LocalServices(Settings()).use(print, start=False))\n"
        "except UnavailableError as error:\n    print(error)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DOCKYARD_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PREFECT_HOME": str(home), "DOCKYARD_STATE_DIR": str(home / "state"), **environment},
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://team.example.org/api"),
        ({"PREFECT_PROFILE": "other"}, "http://other.example.org/api"),
        ({"PREFECT_API_URL": "http://here.example.org/api"}, "http://here.example.org/api"),
        ({"PREFECT_PROFILE": "none"}, "no local Prefect server is running; `dockyard up` starts one"),
    ],
)
def test_the_environment_counts_then_the_active_profile_then_the_local_server(
    tmp_path: Path, environment: dict[str, str], address: str
) -> None:
    (tmp_path / "profiles.toml").write_text(PROFILES, encoding="utf-8")
    assert used(tmp_path, **environment) == address


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ui.cli.main", "runs"]
    environment = {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api", "DOCKYARD_STATE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("dockyard: the Prefect server at http://127.0.0.1:9/api does not answer")
