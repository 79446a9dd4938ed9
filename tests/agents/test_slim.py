"""The slim install: agents run where nothing of the hub is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.catalog import AGENTS

ROOT = Path(__file__).resolve().parents[2]
HUB = ("prefect", "fastapi", "gradio", "docker", "jinja2", "rich", "typer", "flows", "blocks", "ui")

WITHOUT_HUB = f"""
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HUB!r}:
            raise ImportError(f"{{name}} is not part of the slim install")
        return None

sys.meta_path.insert(0, Refuse())
"""


def without_hub(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_HUB + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_the_contract_and_the_catalog_need_nothing_of_the_hub() -> None:
    done = without_hub("import agents.contract.runner\nfrom agents.catalog import catalog\nprint(*sorted(catalog()))\n")
    assert done.stderr == ""
    assert done.stdout.split() == [package.replace("_", "-") for package in sorted(AGENTS)]


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_needs_nothing_of_the_hub(name: str) -> None:
    done = without_hub(f"import agents.{name}.agent\n")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["prefect", "flows.settings"])
def test_the_refusal_works(name: str) -> None:
    done = without_hub(f"import {name}\n")
    assert done.returncode == 1
    assert f"ImportError: {name.partition('.')[0]}" in done.stderr
