"""Generated pages are what their generator writes now."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "docs" / "generate.py"


def test_the_command_reference_is_up_to_date() -> None:
    generator = runpy.run_path(str(GENERATOR))
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert generator["page"](text) == text, "run `make generate`"
