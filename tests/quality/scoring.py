"""Matching alarms to labels, and the figures that follow. Pure.

An alarm that matches an `expect` label by file, line and kind is right; several on one label count once. One that
matches only a `maybe`, or whose kind the corpus doesn't label at all, is not judged. Every other alarm is false.
A label of `expect` that no alarm matches is missed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.quality.labels import Label, Verdict


@dataclass(frozen=True)
class Alarm:
    """One finding of ours or of a specialist, in the corpus's words. `kind` is the kind of problem it claims."""

    project: str
    kind: str
    rule: str
    file: str | None = None
    line: int | None = None
    text: str = ""
    sure: bool = True
    """Whether the tool itself has at least medium confidence in it (severity, where it knows no confidence)."""

    @property
    def place(self) -> str:
        """Where, for people."""
        where = "/".join(part for part in (self.project, self.file) if part)
        return where + (f":{self.line}" if self.line else "")


@dataclass(frozen=True)
class Figures:
    """Counts and the three measures, which are None where nothing was there to measure."""

    right: int
    false: int
    missed: int
    look_alikes: int = 0

    @property
    def precision(self) -> float | None:
        """Of the alarms, the share that is right."""
        return self.right / (self.right + self.false) if self.right + self.false else None

    @property
    def recall(self) -> float | None:
        """Of the problems, the share that is reported."""
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both."""
        total = 2 * self.right + self.false + self.missed
        return 2 * self.right / total if total else None

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.right + other.right,
            self.false + other.false,
            self.missed + other.missed,
            self.look_alikes + other.look_alikes,
        )


@dataclass(frozen=True)
class Score:
    """What matching found: labels hit and missed, false alarms and alarms not judged; look-alikes only to count them."""

    right: tuple[Label, ...]
    missed: tuple[Label, ...]
    false: tuple[Alarm, ...]
    not_judged: tuple[Alarm, ...]
    look_alikes: tuple[Label, ...]

    def by_kind(self) -> dict[str, Figures]:
        """Figures of each kind, by name. A false alarm counts for the kind it claims."""
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for column, entries in enumerate((self.right, self.false, self.missed, self.look_alikes)):
            for entry in entries:
                found[entry.kind][column] += 1
        return {kind: Figures(*counts) for kind, counts in sorted(found.items())}

    def total(self) -> Figures:
        """Figures over all kinds."""
        return Figures(len(self.right), len(self.false), len(self.missed), len(self.look_alikes))

    def only(self, keep: Callable[[Label | Alarm], bool]) -> Score:
        """The part of it that `keep` keeps."""
        return Score(
            tuple(filter(keep, self.right)),
            tuple(filter(keep, self.missed)),
            tuple(filter(keep, self.false)),
            tuple(filter(keep, self.not_judged)),
            tuple(filter(keep, self.look_alikes)),
        )


def score(labels: Iterable[Label], alarms: Iterable[Alarm]) -> Score:
    """Match `alarms` to `labels`. The order of neither matters."""
    labels = tuple(labels)
    known = {kind for label in labels for kind in label.kinds}
    hit: set[Label] = set()
    false, not_judged = [], []
    for alarm in sorted(alarms, key=lambda alarm: (alarm.place, alarm.kind, alarm.rule)):
        fitting = [label for label in labels if _fits(label, alarm)]
        verdicts = {label.verdict for label in fitting}
        if Verdict.EXPECT in verdicts:
            hit.add(_nearest(fitting, alarm, hit))
        elif alarm.kind not in known or Verdict.MAYBE in verdicts:
            not_judged.append(alarm)
        else:
            false.append(alarm)
    return Score(
        right=tuple(label for label in labels if label in hit),
        missed=tuple(label for label in labels if label.verdict is Verdict.EXPECT and label not in hit),
        false=tuple(false),
        not_judged=tuple(not_judged),
        look_alikes=tuple(label for label in labels if label.verdict is Verdict.FINE),
    )


def _nearest(fitting: list[Label], alarm: Alarm, hit: set[Label]) -> Label:
    """Where ranges overlap: first a label that has no alarm yet, then the nearest."""
    expected = (label for label in fitting if label.verdict is Verdict.EXPECT)
    return min(expected, key=lambda label: (label in hit, abs((label.line or 0) - (alarm.line or 0))))


def _fits(label: Label, alarm: Alarm) -> bool:
    if label.project != alarm.project or alarm.kind not in label.kinds:
        return False
    if label.mentions is not None and not re.search(rf"(?<![\w-]){re.escape(label.mentions)}(?![\w-])", alarm.text):
        return False
    if label.file is None:
        return True
    return label.file == alarm.file and (label.line is None or label.first <= (alarm.line or 0) <= label.last)
