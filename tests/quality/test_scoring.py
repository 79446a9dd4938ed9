"""Matching and figures, on labels and alarms small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.quality.labels import Label, Verdict
from tests.quality.scoring import Alarm, Figures, score

SQL = Label("", Verdict.EXPECT, ("sql-injection",), "a.py", 10, 9, 10)
XSS = Label("", Verdict.EXPECT, ("xss", "open-redirect"), "a.py", 20, 20, 20)
FINE = Label("", Verdict.FINE, ("sql-injection",), "a.py", 30, 30, 30)
ALARM = Alarm("", "sql-injection", "some/rule", "a.py", 10)


def test_an_alarm_on_the_line_and_of_the_kind_is_right() -> None:
    result = score([SQL, FINE], [ALARM])
    assert (result.right, result.missed, result.false) == ((SQL,), (), ())


@pytest.mark.parametrize("line", [9, 10])
def test_the_range_of_a_label_counts(line: int) -> None:
    assert score([SQL], [replace(ALARM, line=line)]).right == (SQL,)


@pytest.mark.parametrize("change", [{"line": 11}, {"line": None}, {"file": "b.py"}, {"kind": "xss"}, {"project": "other"}])
def test_an_alarm_elsewhere_is_false_and_the_problem_missed(change: dict[str, object]) -> None:
    alarm = replace(ALARM, **change)  # type: ignore[arg-type] — one field, of its own type
    result = score([SQL, XSS], [alarm])
    assert (result.right, result.missed, result.false) == ((), (SQL, XSS), (alarm,))


def test_an_alarm_on_a_look_alike_is_false() -> None:
    assert score([SQL, FINE], [ALARM, replace(ALARM, line=30)]).total() == Figures(1, 1, 0, 1)


def test_an_alternative_kind_is_right_and_counts_for_the_first() -> None:
    result = score([XSS], [Alarm("", "open-redirect", "r", "a.py", 20)])
    assert result.by_kind() == {"xss": Figures(1, 0, 0)}


def test_several_alarms_on_one_problem_count_once() -> None:
    assert score([SQL], [ALARM, replace(ALARM, rule="another/rule")]).total() == Figures(1, 0, 0)


def test_overlapping_ranges_share_the_alarms_out() -> None:
    near = replace(SQL, line=11, first=9, last=11)
    assert score([SQL, near], [replace(ALARM, line=9), ALARM]).total() == Figures(2, 0, 0)


def test_what_reviewers_differ_about_and_unknown_kinds_are_not_judged() -> None:
    maybe = Label("", Verdict.MAYBE, ("sql-injection",), "a.py", 40, 40, 40)
    unknown = Alarm("", "style", "r", "a.py", 1)
    result = score([SQL, maybe], [ALARM, replace(ALARM, line=40), unknown])
    assert result.total() == Figures(1, 0, 0)
    assert len(result.not_judged) == 2


def test_a_label_of_the_project_is_matched_in_any_file() -> None:
    label = Label("web", Verdict.EXPECT, ("missing-csp",))
    assert score([label], [Alarm("web", "missing-csp", "r", "app.py", 3)]).total() == Figures(1, 0, 0)


def test_a_label_that_mentions_a_name_wants_exactly_that_name() -> None:
    label = Label("web", Verdict.EXPECT, ("dependency-denied",), mentions="left-pad")
    right = Alarm("web", "dependency-denied", "r", "package.json", 3, "left-pad 1.0 is under the GPL")
    wrong = replace(right, text="left-pad-extra 1.0 is under the GPL")
    assert score([label], [right, wrong]).total() == Figures(1, 1, 0)


def test_figures() -> None:
    figures = Figures(6, 2, 4)
    assert (figures.precision, figures.recall, figures.f1) == (0.75, 0.6, pytest.approx(2 * 0.75 * 0.6 / 1.35))
    assert Figures(1, 2, 3, 4) + Figures(1, 1, 1, 1) == Figures(2, 3, 4, 5)


def test_figures_of_nothing_are_unknown_not_perfect() -> None:
    assert (Figures(0, 0, 0).precision, Figures(0, 0, 0).recall, Figures(0, 0, 0).f1) == (None, None, None)


def test_a_part_of_a_score_keeps_its_counts() -> None:
    result = score([SQL, XSS, FINE], [ALARM]).only(lambda entry: entry.kind == "sql-injection")
    assert result.total() == Figures(1, 0, 0, 1)
