"""Exit codes, and the one place where an error becomes a sentence on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from flows.errors import DockyardError, InvalidInputError


class Exit(IntEnum):
    """What the `dockyard` command's exit status says."""

    OK = 0
    FAILED = 1
    INVALID = 2
    FINDINGS = 3
    WAITING = 4
    REJECTED = 5
    EXPIRED = 6
    INTERRUPTED = 130


@contextmanager
def spoken() -> Iterator[None]:
    """Turn the hub's errors into one clear message and an exit code; never a traceback."""
    try:
        yield
    except InvalidInputError as error:
        typer.echo(f"dockyard: {error}", err=True)
        raise typer.Exit(Exit.INVALID) from error
    except DockyardError as error:
        typer.echo(f"dockyard: {error}", err=True)
        raise typer.Exit(Exit.FAILED) from error
    except OSError as error:  # a folder that cannot be made, a disk that is full: the machine's fault, not a bug
        if isinstance(error, BrokenPipeError):  # `dockyard … | head`: nobody reads on, so nothing is said
            raise
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"dockyard: {where}{error.strerror or error}", err=True)
        raise typer.Exit(Exit.FAILED) from error
