"""Generated pages are what their generator writes now."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "docs" / "generate.py"


def test_the_command_reference_is_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert generator["page"](text) == text, "run `make generate`"


def test_the_settings_of_the_page_are_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    text = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert generator["settings_page"](text) == text, "run `make generate`"


def test_the_reference_of_the_api_is_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    text = (ROOT / "docs" / "reference" / "api.md").read_text()
    assert generator["api_page"](text) == text, "run `make generate`"


def test_the_list_of_probes_is_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    text = (ROOT / "docs" / "reference" / "sandbox.md").read_text()
    assert generator["sandbox_page"](text) == text, "run `make generate`"


@pytest.mark.parametrize("extra", ["engines", "hub"])
def test_the_requirements_of_an_image_are_those_of_the_lock_file(extra: str, tmp_path: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.prefix) / "uv" / "bin" / "uv")
    fresh = tmp_path / f"{extra}.txt"
    command = [uv, "export", "--quiet", "--frozen", "--offline", "--extra", extra, "--no-dev", "--no-emit-project"]
    command += ["--no-header", "--no-annotate", "--output-file", str(fresh)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    assert (ROOT / "deployments" / "images" / f"{extra}.txt").read_text() == fresh.read_text(), "run `make generate`"


def test_the_schema_of_workflow_files_is_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    assert (ROOT / "deployments" / "workflow.schema.json").read_text() == generator["schema"](), "run `make generate`"
