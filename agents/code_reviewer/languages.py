"""Which language a file is written in, and how that language writes comments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Language:
    """A language. `block` holds pairs of block comment marks; `measured` says whether it has functions to measure."""

    name: str
    extensions: tuple[str, ...]
    line: tuple[str, ...] = ("//",)
    block: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    measured: bool = True


_C_BLOCK = (("/*", "*/"),)

LANGUAGES = (
    Language("Python", (".py", ".pyi", ".pyw"), ("#",), ()),
    Language("JavaScript", (".js", ".cjs", ".mjs", ".jsx")),
    Language("TypeScript", (".ts", ".cts", ".mts", ".tsx")),
    Language("Java", (".java",)),
    Language("Kotlin", (".kt", ".kts")),
    Language("Scala", (".scala",)),
    Language("Go", (".go",)),
    Language("C", (".c", ".h")),
    Language("C++", (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx")),
    Language("C#", (".cs",)),
    Language("Objective-C", (".m", ".mm")),
    Language("Swift", (".swift",)),
    Language("Rust", (".rs",)),
    Language("PHP", (".php",), ("//", "#")),
    Language("Ruby", (".rb",), ("#",), (("=begin", "=end"),)),
    Language("Perl", (".pl", ".pm"), ("#",), ()),
    Language("Lua", (".lua",), ("--",), (("--[[", "]]"),)),
    Language("R", (".r",), ("#",), ()),
    Language("Shell", (".sh", ".bash"), ("#",), (), measured=False),
    Language("SQL", (".sql",), ("--",), _C_BLOCK, measured=False),
    Language("CSS", (".css",), (), _C_BLOCK, measured=False),
    Language("SCSS", (".scss", ".less"), measured=False),
    Language("HTML", (".html", ".htm"), (), (("<!--", "-->"),), measured=False),
    Language("Vue", (".vue",), ("//",), (("<!--", "-->"), ("/*", "*/"))),
)

_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(file: str) -> Language | None:
    """The language of `file` by its extension, or None when it is not source code."""
    return _BY_EXTENSION.get(PurePosixPath(file).suffix.lower())
