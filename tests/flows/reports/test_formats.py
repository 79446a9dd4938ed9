"""Every format there is renders every run."""

from __future__ import annotations

import pytest
from flows.reports.formats import Format, render
from flows.reports.schema import RunReport, RunStatus

from tests.flows.reports.conftest import run_of


@pytest.mark.parametrize("format", Format)
def test_every_format_tells_the_run_and_its_findings(format: Format, small: RunReport) -> None:
    shown = render(small, format)
    assert shown.endswith("\n")
    for part in ("run-1234", "health-check", "injection/sql", "not finished after 900 s"):
        assert part.replace("-", r"\-") in shown or part in shown


@pytest.mark.parametrize("format", Format)
def test_every_format_renders_a_run_without_nodes(format: Format) -> None:
    assert "run-1234" in render(run_of(nodes=(), status=RunStatus.COMPLETED, url=None, commit="", ref=""), format)


@pytest.mark.parametrize("format", Format)
def test_no_format_shows_credentials(format: Format) -> None:
    report = run_of(reason="fatal: could not read https://robot:tok3n@code.example.org/x", url="http://a:tok3n@b/c")
    shown = render(report, format)
    assert "tok3n" not in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("format", Format)
def test_a_rendering_is_the_same_twice(format: Format, small: RunReport) -> None:
    assert render(small, format) == render(RunReport.model_validate(small.model_dump()), format)
