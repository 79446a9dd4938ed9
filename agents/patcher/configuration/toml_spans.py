"""Where every value of a TOML text stands. The text is known to be TOML: `tomllib` has read it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

TomlPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|#[^\n]*)*")
_INLINE_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r"|\"(?:\\.|[^\"\\\n])*\""
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\r\n]*")


@dataclass(frozen=True)
class Span:
    """A value is `text[start:end]`."""

    start: int
    end: int


@dataclass
class _Scanner:
    text: str
    position: int = 0
    table: TomlPath = ()
    arrays: dict[TomlPath, int] = field(default_factory=dict)
    found: dict[TomlPath, Span] = field(default_factory=dict)

    def scan(self) -> dict[TomlPath, Span]:
        self.skip(_BLANK)
        while self.position < len(self.text):
            if self.text.startswith("[", self.position):
                self.header()
            else:
                self.pair(self.table)
            self.skip(_BLANK)
        return self.found

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise ValueError(f"this is not TOML at {self.position}: {self.text[self.position : self.position + 40]!r}")
        self.position = match.end()
        return match[0]

    def header(self) -> None:
        several = self.text.startswith("[[", self.position)
        self.position += 2 if several else 1
        keys = self.keys()
        self.position += 2 if several else 1
        if several:
            path = (*self.inside(keys[:-1]), keys[-1])
            self.arrays[path] = self.arrays.get(path, 0) + 1
        self.table = self.inside(keys)

    def inside(self, keys: list[str]) -> TomlPath:
        """The path of a table; in a list of tables the last one is meant."""
        path: TomlPath = ()
        for key in keys:
            path = (*path, key)
            if path in self.arrays:
                path = (*path, self.arrays[path] - 1)
        return path

    def keys(self) -> list[str]:
        keys = []
        while True:
            self.skip(_INLINE_BLANK)
            raw = self.skip(_KEY)
            keys.append(str(tomllib.loads(f"key = {raw}")["key"]) if raw[0] in "\"'" else raw)
            self.skip(_INLINE_BLANK)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def pair(self, table: TomlPath) -> None:
        path = (*table, *self.keys())
        self.position += 1  # the equals sign
        self.skip(_INLINE_BLANK)
        self.value(path)

    def value(self, path: TomlPath) -> None:
        start = self.position
        first = self.text[start]
        if first in "\"'":
            self.skip(_STRING)
        elif first in "[{":
            self.several(path, "]" if first == "[" else "}")
        else:
            self.position = start + len(self.skip(_BARE).rstrip())
        self.found[path] = Span(start, self.position)

    def several(self, path: TomlPath, closing: str) -> None:
        """The items of a list or the pairs of an inline table."""
        self.position += 1
        self.skip(_BLANK)
        index = 0
        while not self.text.startswith(closing, self.position):
            if closing == "]":
                self.value((*path, index))
            else:
                self.pair(path)
            index += 1
            self.skip(_BLANK)
            if self.text.startswith(",", self.position):
                self.position += 1
            self.skip(_BLANK)
        self.position += 1


def spans(text: str) -> dict[TomlPath, Span]:
    """The span of every value that is written out, by its path; tables with a header have none."""
    return _Scanner(text).scan()
