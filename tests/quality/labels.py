"""What the corpus says about itself: labels at the end of a line, or in a project's labels.yaml.

    cursor.execute(query)  # expect: sql-injection @-1
    cursor.execute("SELECT 1")  # fine: sql-injection

`expect` is a problem that must be reported, `fine` a look-alike that must not be, `maybe` something over which
reviewers differ, which counts neither way. Kinds divided by `|` are alternatives; `@-1`, `@+2` and `@-1..+2`
say on which lines around this one the report may lie. The agents never see a label: `cut` takes it off the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_LABEL = re.compile(
    r"[ \t]*(?:#|//-?|<!--)[ \t]*(?P<verdict>expect|fine|maybe): (?P<kinds>[a-z0-9|-]+)"
    r"(?: @(?P<around>[-+.\d]+))?[ \t]*(?:-->)?[ \t]*$"
)
_AROUND = re.compile(r"(?:-(?P<before>\d+))?(?:\.\.)?(?:\+(?P<after>\d+))?")


class Verdict(StrEnum):
    """What the corpus says of a place."""

    EXPECT = "expect"
    FINE = "fine"
    MAYBE = "maybe"


@dataclass(frozen=True)
class Label:
    """One labelled place. `file` None: anywhere in the project; `line` None: anywhere in the file.

    `first` and `last` bound the lines on which a report is right. `mentions` is a word that the report must contain,
    where several reports share one place.
    """

    project: str
    verdict: Verdict
    kinds: tuple[str, ...]
    file: str | None = None
    line: int | None = None
    first: int = 1
    last: int = 1 << 30
    mentions: str | None = None

    @property
    def kind(self) -> str:
        """The kind under which it is counted."""
        return self.kinds[0]

    @property
    def place(self) -> str:
        """Where, for people."""
        where = "/".join(part for part in (self.project, self.file) if part)
        line = f":{self.line}" if self.line else ""
        return where + line + (f" ({self.mentions})" if self.mentions else "")


def cut(text: str, project: str, file: str) -> tuple[str, tuple[Label, ...]]:
    """`text` without its labels, every line keeping its number, and the labels. Raises ValueError on a wrong `@`."""
    lines, labels = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _LABEL.search(line)
        if match is None:
            lines.append(line)
            continue
        around = _AROUND.fullmatch(match["around"] or "")
        if around is None:
            raise ValueError(f"{project}/{file}:{number}: '@{match['around']}' is none of @-1, @+2, @-1..+2")
        labels.append(
            Label(
                project=project,
                verdict=Verdict(match["verdict"]),
                kinds=tuple(match["kinds"].split("|")),
                file=file,
                line=number,
                first=number - int(around["before"] or 0),
                last=number + int(around["after"] or 0),
            )
        )
        lines.append(line[: match.start()])
    return "\n".join(lines), tuple(labels)
