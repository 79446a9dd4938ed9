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
    """Where on this machine `repository` is, be it a folder or a `file://` URL; None for another machine's.

    Raises InvalidInputError as `folder_of`, and for the file of another host.
    """
    if not repository.lower().startswith("file:"):
        return folder_of(repository)
    check_url(repository)
    found = _FILE.fullmatch(repository)
    if found is None or "\0" in unquote(found[1]):
        raise InvalidInputError(f"'{display(repository)}' is no folder of this machine; write file:///path")
    return Path(unquote(found[1])).resolve()


def folder_of(repository: str) -> Path | None:
    """The folder that `repository` names, None for a URL.

    Raises InvalidInputError when it is neither, or a URL with credentials.
    """
    check_url(repository)
    if _URL.fullmatch(repository):
        return None
    try:
        folder = Path(repository).expanduser()
    except RuntimeError:  # ~somebody, who has no home here
        folder = Path(repository)
    if not repository.strip() or "\0" in repository or not folder.is_dir():
        hint = "give a folder or a git URL (https://…, ssh://…, git@host:path)"
        raise InvalidInputError(f"there is no repository at '{display(repository)}'; {hint}")
    return folder.resolve()
