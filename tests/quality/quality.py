"""`make quality`: precision and recall of the agents' rules on labelled samples, beside tools that do one thing only.

Prints figures. The floor below which they must not fall is tests/quality/test_floor.py's business.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.quality.agents import measured
from tests.quality.corpus import AGENTS, projects
from tests.quality.labels import Label
from tests.quality.scoring import Alarm, Figures, Score, score
from tests.quality.specialists import Specialist, specialists
from tests.quality.tables import agent_table, comparison_table, misses

PIPE_WIDTH = 110
"""Columns where nothing says how wide the output is: enough for the longest name."""


def as_json(figures: Figures) -> dict[str, float | None]:
    """Counts and measures."""
    return {
        **dataclasses.asdict(figures),
        "precision": figures.precision,
        "recall": figures.recall,
        "f1": figures.f1,
    }


def answerable(specialist: Specialist) -> Callable[[Label | Alarm], bool]:
    """Whether a label or an alarm lies in the files and kinds that `specialist` is for."""
    return lambda entry: entry.kind in specialist.kinds and (entry.file or "").endswith(specialist.suffix)


def beside(specialist: Specialist, ours: tuple[Alarm, ...]) -> list[tuple[str, Figures]]:
    """Rows of both over what the specialist is for: everything each says, then only what it is itself surer of."""
    (project,) = projects(specialist.agent)
    keep = answerable(specialist)
    rows = []
    for name, alarms in ((specialist.name, tuple(specialist.alarms(project))), (specialist.agent, ours)):
        sure = tuple(alarm for alarm in alarms if alarm.sure)
        rows.append((name, score(project.labels, alarms).only(keep).total()))
        if len(sure) < len(alarms):
            rows.append((f"{name}, low left out", score(project.labels, sure).only(keep).total()))
    return rows


def main() -> None:
    """Measure, print, and write the JSON that was asked for."""
    parser = argparse.ArgumentParser(prog="make quality", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--misses", action="store_true", help="list every false alarm and every miss")
    parser.add_argument("--agent", choices=AGENTS, action="append", help="only this one; may be given again")
    arguments = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    written: dict[str, object] = {}
    for agent in arguments.agent or AGENTS:
        result, alarms = measured(agent)
        written[agent] = _show(console, agent, result, arguments.misses)
        for specialist in specialists():
            if specialist.agent == agent:
                written |= _compare(console, specialist, alarms)
    if arguments.json:
        arguments.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _show(console: Console, agent: str, result: Score, with_misses: bool) -> dict[str, object]:
    console.print(agent_table(agent, result))
    if result.not_judged:
        console.print(f"{len(result.not_judged)} findings of kinds or places that the corpus doesn't judge were left out.")
    console.print()
    if with_misses:
        misses(console, agent, result)
        console.print()
    kinds = {kind: as_json(figures) for kind, figures in result.by_kind().items()}
    return {"total": as_json(result.total()), "kinds": kinds}


def _compare(console: Console, specialist: Specialist, ours: tuple[Alarm, ...]) -> dict[str, object]:
    if not specialist.installed:
        console.print(f"{specialist.name} is not measured: {specialist.program} is missing. `make quality` installs it.\n")
        return {}
    files = f"{specialist.suffix} files" if specialist.suffix else "all files"
    rows = beside(specialist, ours)
    console.print(comparison_table(f"{specialist.agent} beside {specialist.name}: {files}, its kinds of problem", rows))
    console.print()
    return {f"{specialist.agent} beside {specialist.name}": {name: as_json(figures) for name, figures in rows}}


if __name__ == "__main__":
    main()
