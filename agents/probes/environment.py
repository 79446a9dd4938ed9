"""The hub's variables: tokens live there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class Environment(Probe):
    """Its own environment, and other processes'."""

    name: ClassVar[str] = "environment"
    tries: ClassVar[str] = "read the hub's environment variables"
    holds: ClassVar[str] = "an environment made anew"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A name that a hub has and an agent doesn't, or the hub's token as a value."""
        prefixes = ("PREFECT_", "DOCKER_", "AWS_", "GITHUB_", "KUBERNETES_", "SSH_", "XDG_", "VIRTUAL_ENV")
        for name, value in os.environ.items():
            if name.startswith(prefixes) or (place.token and place.token in value):
                seen.escaped(f"has the variable {name}")
            else:
                seen.refused("a variable of the image")
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    content = (folder / "environ").read_bytes()
                except OSError as error:
                    seen.refused(error.strerror or "unreadable")
                    continue
                if place.token and place.token.encode() in content:
                    seen.escaped(f"read the hub's token in the environment of process {folder.name}")
