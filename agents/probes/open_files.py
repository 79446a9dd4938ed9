"""Descriptors without end."""

from __future__ import annotations

import os
import resource
from typing import ClassVar

from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class OpenFiles(Probe):
    """Twice as many as it may have."""

    name: ClassVar[str] = "open-files"
    tries: ClassVar[str] = "open twice as many files as its limit, raise the limit"
    holds: ClassVar[str] = "nofile limit"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """All closed again."""
        wanted = 2 * LIMITS.nofile
        seen.attempt("raised its limit of open files", _raise, wanted)
        handles: list[int] = []
        try:
            while len(handles) < wanted:
                handles.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            seen.refused(f"{len(handles)} files, then {error.strerror}")
        else:
            seen.escaped(f"opened {len(handles)} files, its limit is {LIMITS.nofile}")
        finally:
            for handle in handles:
                os.close(handle)


def _raise(wanted: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except ValueError as error:  # Python's word for EPERM here
        raise PermissionError(1, str(error)) from error
