"""Every format there is renders every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.reports.formats import Format, render
from flows.reports.index_file import opened
from flows.reports.schema import RunReport, RunStatus
from tests.flows.reports.conftest import overview


def rendered(report: RunReport, chosen: Format) -> str:
    with opened(report) as index:
        return "".join(render(index, chosen))


WHOLE = [chosen for chosen in Format if chosen not in (Format.CSV, Format.CYCLONEDX)]
"""Formats of a whole run: the two others hold its findings alone, and its dependencies."""


@pytest.mark.parametrize("chosen", WHOLE)
def test_every_format_tells_the_run_and_its_findings(chosen: Format, small: RunReport) -> None:
    shown = rendered(small, chosen)
    assert shown.endswith("\n")
    for part in ("run-1234", "health-check", "injection/sql", "not finished after 900 s"):
        assert part.replace("-", r"\-") in shown or part in shown


@pytest.mark.parametrize("chosen", WHOLE)
def test_every_format_renders_a_run_without_nodes(make_run: Callable[..., RunReport], chosen: Format) -> None:
    assert "run-1234" in rendered(make_run(nodes=(), status=RunStatus.COMPLETED, url=None, commit="", ref=""), chosen)


@pytest.mark.parametrize("chosen", Format)
def test_no_format_shows_credentials(make_run: Callable[..., RunReport], chosen: Format) -> None:
    report = make_run(reason="fatal: could not read https://robot:tok3n@code.example.org/x", url="http://a:tok3n@b/c")
    shown = rendered(report, chosen)
    assert "tok3n" not in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("chosen", Format)
def test_a_rendering_is_the_same_twice(chosen: Format, small: RunReport) -> None:
    assert rendered(small, chosen) == rendered(RunReport.model_validate(small.model_dump()), chosen)


@pytest.mark.parametrize("chosen", WHOLE)
def test_every_format_shows_what_people_must_know_of_the_run(make_run: Callable[..., RunReport], chosen: Format) -> None:
    notices = ("The tree has changes", "No security boundary")
    shown = rendered(make_run(notices=notices), chosen)
    assert all(notice in shown for notice in notices)
    assert all(notice in overview(make_run(notices=notices), 80) for notice in notices)


@pytest.mark.parametrize("chosen", [chosen for chosen in Format if chosen is not Format.HTML])
def test_what_machines_and_scripts_read_stays_to_the_letter(chosen: Format, small: RunReport) -> None:
    kept = Path(__file__).parents[2] / "data" / "reports" / f"small.{chosen.value}"
    assert rendered(small, chosen).encode() == kept.read_bytes()
