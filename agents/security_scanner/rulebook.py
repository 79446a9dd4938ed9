"""The rules on disk, and the rule file that the engine gets: shared parts are written in where a rule asks.

A rule is `rules/<category>/<id>.yaml`. Semgrep cannot share a list of sources between rules, so a
comment line in a rule, `# include: NAME`, stands for `rules/shared/NAME.yaml` at the same
indentation. Words after the name are a sink pattern with `%` for the place that must not be tainted;
they fill `SINK` (the parameter itself) and `SINK_S` (a value made of it) of the shared part.

Following data costs seconds per rule on a large repository. A shared part that lists sources
therefore begins with `# only-in: REGEX`: a file without a match cannot hold such a source. The first
word of the part's name says the language, and with it the suffixes of the files meant. The expression
is written into the rules as well: the engine tries it before it parses a file, for each rule by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RULES = Path(__file__).parent / "rules"
SHARED = RULES / "shared"
INCLUDE = re.compile(r"^(?P<indent> *)# include: (?P<name>[a-z-]+)(?: (?P<sink>.+))?$", re.MULTILINE)
ONLY_IN = re.compile(r"\A# only-in: (.+)\n")
SUFFIXES = {
    "python": frozenset({".py", ".pyi"}),
    "js": frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"}),
    "java": frozenset({".java"}),
    "go": frozenset({".go"}),
    "php": frozenset({".php", ".phtml"}),
    "ruby": frozenset({".rb"}),
}


@dataclass(frozen=True)
class Sources:
    """Where sources of data can be: files with one of `suffixes` that match the regular expression `pattern`."""

    suffixes: frozenset[str]
    pattern: str


@dataclass(frozen=True)
class Rule:
    """One rule file: `category` is its folder, `id` its name without the suffix.

    `sources` says which files the rule can match in; None means any file.
    """

    category: str
    id: str
    text: str
    sources: Sources | None


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by category then id."""
    return tuple(_read(path) for path in sorted(RULES.glob("*/*.yaml")) if path.parent != SHARED)


def categories() -> tuple[str, ...]:
    """The names that `scope` may hold besides `secrets`, sorted."""
    return tuple(sorted({rule.category for rule in rules()}))


def compose(chosen: Iterable[Rule]) -> str:
    """The text of one semgrep rule file that holds `chosen`."""
    return "rules:\n" + "".join(rule.text for rule in chosen)


def _read(path: Path) -> Rule:
    head, found, body = path.read_text(encoding="utf-8").partition("rules:\n")
    if head or not found:
        raise ValueError(f"{path} does not begin with `rules:`")
    included = [_sources(include["name"]) for include in INCLUDE.finditer(body)]
    return Rule(
        category=path.parent.name,
        id=path.stem,
        text=INCLUDE.sub(_expanded, body),
        sources=next((sources for sources in included if sources), None),
    )


def _expanded(include: re.Match[str]) -> str:
    text = _shared(include["name"])
    sink = include["sink"]
    if sink:
        text = text.replace("SINK_S", sink.replace("%", "$S")).replace("SINK", sink.replace("%", "<... $P ...>"))
    found = ONLY_IN.match(text)
    if found:
        text = _only_in(found[1], text[found.end() :])
    return _indented(text, include["indent"])


def _only_in(pattern: str, sources: str) -> str:
    # A regular expression that spans the file holds every node: it narrows the files, not the places.
    spanning = f"(?ms)\\A(?=.*?(?:{pattern})).*".replace("'", "''")
    either = _indented(sources, "    ")
    return f"- patterns:\n  - pattern-regex: '{spanning}'\n  - pattern-either:\n{either}\n"


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.rstrip("\n").split("\n"))


def _sources(name: str) -> Sources | None:
    found = ONLY_IN.match(_shared(name))
    return Sources(suffixes=SUFFIXES[name.partition("-")[0]], pattern=found[1]) if found else None


@cache
def _shared(name: str) -> str:
    return (SHARED / f"{name}.yaml").read_text(encoding="utf-8")
