"""A dependency as a manifest or lock declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Declaration:
    """`license` is as written and `source` the file it was read from; both None while unresolved."""

    name: str
    version: str | None
    ecosystem: Literal["python", "npm"]
    file: str
    line: int
    license: str | None = None
    source: str | None = None
