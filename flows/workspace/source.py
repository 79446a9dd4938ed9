"""Where a repository comes from: a folder of this machine or a git URL, never with credentials in it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from flows.errors import InvalidInputError

ADDRESS_SCHEMA_PATTERN = r"^(?![hH][tT][tT][pP][sS]?://([^/?#]*@|[^#]*\?))(?!\w+://[^/?#]*:[^/?#]*@)"
"""What `check_url` refuses, for JSON schemas: a Prefect server that checks it never stores such a URL."""

_URL = re.compile(r"(?:(?i:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+)")
_FILE = re.compile(r"(?i:file)://(?:(?i:localhost)(?=/))?(/.*)", re.DOTALL)
_WEB = ("http", "https")


def display(repository: str) -> str:
    """The repository's name for people and logs: credentials taken out of a URL."""
    scheme, found, rest = repository.partition("://")
    if not found:
        return repository
    place = rest.partition("?")[0].partition("#")[0]  # a token may stand in the query, too
    host, slash, path = place.partition("/")
    return f"{scheme.lower()}://{host.rpartition('@')[2]}{slash}{path}"


def is_url(repository: str) -> bool:
    """Whether it is the URL of another machine's repository: no folder, and no `file://`."""
    return _URL.fullmatch(repository) is not None and not repository.lower().startswith("file:")


def check_url(repository: str) -> None:
    """Raises InvalidInputError for a URL with a password or token in it.

    It would be stored with the run, and everybody on the machine could read it in git's command line. On
    http(s) a user's name alone is refused, too: that is how access tokens are written.
    """
    scheme, found, rest = repository.partition("://")
    if not found:
        return
    web = scheme.lower() in _WEB
    user, at, _ = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    if (at and (web or ":" in user)) or (web and "?" in rest):
        raise InvalidInputError(
            f"the URL of '{display(repository)}' has credentials in it, which would be stored with the run; "
            "give it without them and put them in a file that DOCKYARD_GIT_CREDENTIALS names, or use ssh"
        )


def is_git(folder: Path) -> bool:
    """Whether it is a repository itself: a plain folder inside some other checkout is a folder."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def place_of(repository: str) -> Path | None:
    """Where on this machine `repository` would be, be it a folder or a `file://` URL; None for another machine's.

    Whether there is anything is not looked at: who may not name a place shall not find out by it. Raises
    InvalidInputError for a URL with credentials, and for the file of another host.
    """
    check_url(repository)
    if repository.lower().startswith("file:"):
        found = _FILE.fullmatch(repository)
        if found is None or "\0" in unquote(found[1]):
            raise InvalidInputError(f"'{display(repository)}' is no folder of this machine; write file:///path")
        return Path(unquote(found[1])).resolve()
    if _URL.fullmatch(repository):
        return None
    if not repository.strip() or "\0" in repository:
        raise _nowhere(repository)
    try:
        return Path(repository).expanduser().resolve()
    except RuntimeError:  # ~somebody, who has no home here
        return Path(repository).resolve()


def folder_of(repository: str) -> Path | None:
    """The folder that `repository` names, None for a URL.

    Raises InvalidInputError when it is neither, or a URL with credentials.
    """
    if _URL.fullmatch(repository):
        check_url(repository)
        return None
    folder = place_of(repository)
    if folder is None or not folder.is_dir():
        raise _nowhere(repository)
    return folder


def _nowhere(repository: str) -> InvalidInputError:
    hint = "give a folder or a git URL (https://…, ssh://…, git@host:path)"
    return InvalidInputError(f"there is no repository at '{display(repository)}'; {hint}")
