"""The JSON format: RunReport as it is, nothing secret, nothing active."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.contract.schema import Finding, Severity
from flows.reports import json_format
from flows.reports.schema import RunReport
from tests.rendered import rendering


def test_reads_back_as_the_same_run(small: RunReport) -> None:
    clean = small.model_copy(update={"repository": "https://code.example.org/org/repo.git"})
    assert RunReport.model_validate_json(rendering(json_format.render, clean)) == clean


def test_two_renderings_are_equal_byte_for_byte(small: RunReport) -> None:
    again = RunReport.model_validate(small.model_dump())
    assert rendering(json_format.render, again) == rendering(json_format.render, small)


def test_carries_no_credentials(make_run: Callable[..., RunReport]) -> None:
    finding = Finding(rule="a/b", severity=Severity.INFO, message="see https://u:tok3n@host/x", snippet="x://y:tok3n@z")
    shown = rendering(json_format.render, make_run([finding], reason="fatal: 'https://robot:tok3n@code.example.org'"))
    assert "tok3n" not in shown
    assert "s3cret" not in shown
    assert json.loads(shown)["repository"] == "https://code.example.org/org/repo.git"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives_and_none_is_active(make_run: Callable[..., RunReport], text: str) -> None:
    nasty = f"{text}\x9b31m\u202e\x7f"
    shown = rendering(json_format.render, make_run([Finding(rule="a/b", severity=Severity.INFO, message=nasty)]))
    assert not set(shown) & set("\x9b\u202e\x7f\x1b")
    if "://" not in text:
        assert json.loads(shown)["nodes"][0]["report"]["findings"][0]["message"] == nasty


def test_a_hundred_thousand_findings(large: RunReport) -> None:
    began = time.process_time()
    shown = rendering(json_format.render, large)
    assert time.process_time() - began < 10
    assert len(json.loads(shown)["nodes"][0]["report"]["findings"]) == 100_000
