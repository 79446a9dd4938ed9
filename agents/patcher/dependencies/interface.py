"""What a kind of manifest does with an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.patcher.edits import Edit
from agents.patcher.schema import DependencyUpdate


class UnreadableManifestError(Exception):
    """The manifest does not parse; the text says where. It becomes a note: other manifests are still looked at."""


@dataclass(frozen=True)
class Place:
    """A place of a manifest that names the dependency.

    `what` is where in the manifest, for people. `edit` replaces the version, or is None with the `reason` why it stays.
    `shown` is the entry's text (a requirement, a constraint), which begins at `start` where that is known.
    """

    what: str
    start: int | None
    shown: str
    edit: Edit | None = None
    reason: str = ""


Places = Callable[[str, DependencyUpdate], list[Place]]
"""What a kind of manifest offers: every place in a text that names the dependency, or UnreadableManifestError."""
