"""The page of the shipped workflows says what the files say."""

from __future__ import annotations

import runpy

from flows.settings import ROOT


def test_the_page_is_up_to_date() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_workflows.py"))
    text = (ROOT / "docs" / "reference" / "shipped-workflows.md").read_text(encoding="utf-8")
    assert generator["page"](text) == text, "run `make generate`"
