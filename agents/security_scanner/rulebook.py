"""The rules on disk and the one file that the engine gets: shared parts are written in where a rule asks.

A rule is `rules/<category>/<id>.yaml`. Semgrep has no way to share a list of sources between rules,
so a comment line in a rule, `# include: NAME`, stands for `rules/shared/NAME.yaml` at the same
indentation. Words after the name are a sink pattern with `%` for the place that must not be tainted;
they fill `SINK` (the parameter itself) and `SINK_S` (a value made of it) of a shared part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RULES = Path(__file__).parent / "rules"
SHARED = RULES / "shared"
INCLUDE = re.compile(r"^(?P<indent> *)# include: (?P<name>[a-z-]+)(?: (?P<sink>.+))?$")


@dataclass(frozen=True)
class Rule:
    """One rule file: `category` is its folder, `id` its name without the suffix, `path` where it lies."""

    category: str
    id: str
    path: Path


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by category then id."""
    return tuple(
        Rule(category=path.parent.name, id=path.stem, path=path)
        for path in sorted(RULES.glob("*/*.yaml"))
        if path.parent != SHARED
    )


def compose(chosen: Iterable[Rule]) -> str:
    """The text of one semgrep rule file that holds `chosen`."""
    bodies: list[str] = []
    for rule in chosen:
        head, _, body = rule.path.read_text(encoding="utf-8").partition("rules:\n")
        if head.strip() and not head.lstrip().startswith("#"):
            raise ValueError(f"{rule.path} does not begin with `rules:`")
        bodies.append("".join(_expanded(line) for line in body.splitlines(keepends=True)))
    return "rules:\n" + "".join(bodies)


def _expanded(line: str) -> str:
    found = INCLUDE.match(line.rstrip("\n"))
    if found is None:
        return line
    text = _shared(found["name"])
    if found["sink"]:
        text = text.replace("SINK_S", found["sink"].replace("%", "$S"))
        text = text.replace("SINK", found["sink"].replace("%", "<... $P ...>"))
    return "".join(found["indent"] + part if part.strip() else part for part in text.splitlines(keepends=True))


@cache
def _shared(name: str) -> str:
    return (SHARED / f"{name}.yaml").read_text(encoding="utf-8")
