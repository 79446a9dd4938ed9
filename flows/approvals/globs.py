"""Patterns of paths in a policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|.", re.DOTALL)
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def any_matches(patterns: Iterable[str], paths: Iterable[str]) -> bool:
    """Whether some path fits some pattern.

    `*` and `?` stand for characters of one name, `**` for any folders, none included. A pattern without a slash means
    the name in any folder; one that ends with a slash, all below. Case counts, as in git.
    """
    compiled = [_compiled(pattern) for pattern in patterns]
    return any(pattern.fullmatch(path) for path in paths for pattern in compiled)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = pattern if "/" in pattern else f"**/{pattern}"
    if whole.endswith("/"):
        whole += "**"
    text = "".join(_MEANINGS.get(part) or re.escape(part) for part in _PARTS.findall(whole.removeprefix("/")))
    return re.compile(text, re.DOTALL)
