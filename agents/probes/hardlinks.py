"""Hard links to files of others: setuid programs kept past an update, a log written through."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen, opened


class Hardlinks(Probe):
    """Links to files it may not write."""

    name: ClassVar[str] = "hard-links"
    tries: ClassVar[str] = "link setuid programs, password files and the hub's file to where it can write"
    holds: ClassVar[str] = "other filesystems, read-only root"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A link that could be made is removed again."""
        with tempfile.TemporaryDirectory() as folder:
            for target in ("/usr/bin/su", "/etc/shadow", "/etc/passwd", "/usr/bin/passwd", place.canary):
                seen.attempt(f"linked {target}", os.link, target, f"{folder}/link-{target.replace('/', '-')}")
            link = f"{folder}/soft"
            Path(link).symlink_to("/etc/passwd")
            seen.attempt("wrote through a link", opened, link, os.O_WRONLY)
