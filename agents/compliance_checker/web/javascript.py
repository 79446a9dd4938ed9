"""JavaScript and TypeScript as far as headers need it: comments away, calls with their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEFORE_REGEX = re.compile(r"(?:^|[=(,:;!&|?{}\[+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete))\s*$")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Source:
    """`code` has no comments, `bare` no contents of strings either. Both keep every offset."""

    code: str
    bare: str


@dataclass(frozen=True)
class Call:
    """A call: `offset` of its first character and the text of its arguments."""

    offset: int
    arguments: str


def read(text: str) -> Source:
    """Blank comments, strings, templates' text and regular expressions of `text`."""
    code, bare = list(text), list(text)
    at, size = 0, len(text)
    while at < size:
        end = _token_end(text, at)
        if end == at:
            at += 1
            continue
        comment = text[at] == "/" and text[at + 1 : at + 2] in {"/", "*"}
        for place in range(at, end):
            if text[place] != "\n":
                if comment:
                    code[place] = bare[place] = " "
                elif at < place < end - 1:
                    bare[place] = " "
        at = end
    return Source("".join(code), "".join(bare))


_LINE = re.compile(r"//[^\n]*")
_BLOCK = re.compile(r"/\*[\s\S]*?(?:\*/|$(?![\s\S]))")
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_QUOTED = {
    "'": re.compile(r"'(?:\\[\s\S]|[^'\\\n])*'?"),
    '"': re.compile(r'"(?:\\[\s\S]|[^"\\\n])*"?'),
    "`": re.compile(r"`(?:\\[\s\S]|[^`\\])*`?"),
}


def _token_end(text: str, at: int) -> int:
    """Where the comment, string or regular expression beginning at `at` ends; `at` when none begins."""
    token = _QUOTED.get(text[at])
    if text[at] == "/":
        if text.startswith("//", at):
            token = _LINE
        elif text.startswith("/*", at):
            token = _BLOCK
        elif _BEFORE_REGEX.search(text[max(0, at - 40) : at]):
            token = _REGEX
    match = token.match(text, at) if token else None
    return match.end() if match else at


def calls(source: Source, pattern: str) -> Iterator[Call]:
    """Calls whose callee matches `pattern` in code, e.g. `\\.use`."""
    for match in re.finditer(rf"(?:{pattern})\s*\(", source.bare):
        end = _closing(source.bare, match.end() - 1)
        yield Call(match.start(), source.code[match.end() : end])


def _closing(bare: str, start: int) -> int:
    open_, close = bare[start], _PAIRS[bare[start]]
    depth = 0
    for match in re.compile(rf"[{re.escape(open_ + close)}]").finditer(bare, start):
        depth += 1 if match[0] == open_ else -1
        if depth == 0:
            return match.start()
    return len(bare)


def imported(source: Source, module: str) -> set[str]:
    """The local names under which the default or namespace of `module` is known."""
    quoted = rf"['\"]{re.escape(module)}['\"]"
    patterns = (
        rf"\b(?:const|let|var)\s+(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:await\s+)?(?:require|import)\(\s*{quoted}\s*\)",
        rf"\bimport\s+(?:\*\s+as\s+)?(\w+)(?:\s*,\s*\{{[^}}]*\}})?\s+from\s+{quoted}",
        rf"\bimport\s+(\w+)\s*=\s*require\(\s*{quoted}\s*\)",
    )
    return {match[1] for pattern in patterns for match in re.finditer(pattern, source.code)}
