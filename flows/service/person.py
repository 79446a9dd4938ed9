"""Who sits at this machine: the account that the process runs under, which no variable can change."""

from __future__ import annotations

import os
import pwd


def local_person() -> str:
    """The account's name; its number where it has none, as in a container."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid-{number}"
