"""The one credential helper that our git knows: a file that the person running Dockyard names."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

from flows.errors import InvalidInputError


def credentials_of(file: Path | None) -> dict[str, str]:
    """Settings of git that let it look up passwords in `file` (one `https://user:password@host` a line); none without it.

    Raises InvalidInputError when the file is missing or others may read it.
    """
    if file is None:
        return {}
    path = file.expanduser().absolute()
    try:
        found = path.stat()
    except OSError as error:
        raise InvalidInputError(f"DOCKYARD_GIT_CREDENTIALS: {path}: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInputError(f"DOCKYARD_GIT_CREDENTIALS: {path} is not a file")
    if found.st_mode & 0o077:
        raise InvalidInputError(
            f"DOCKYARD_GIT_CREDENTIALS: others may read {path}; run `chmod 600 {shlex.quote(str(path))}`"
        )
    # Only ever asked: left to itself git would take a line out of the file that a server once refused.
    script = f'!f() {{ test "$1" != get || git credential-store --file={shlex.quote(str(path))} get; }}; f'
    return {"credential.helper": script}
