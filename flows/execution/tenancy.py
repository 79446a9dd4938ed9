"""Whose a run is, and what it may read for that. Prefect keeps a run's workspace as a tag, which its deployment gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError

from flows.errors import InvalidInputError
from flows.people import DEFAULT_WORKSPACE, Via, WorkspaceName
from flows.settings import Settings
from flows.workspace import Reach, display, is_url, place_of, places_of

_TAG = "workspace:"
_NAME: TypeAdapter[str] = TypeAdapter(WorkspaceName)
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_OTHERS = (Via.PAGE, Via.API, Via.EVENT)
"""Doors by which people and machines ask who do not sit at this one."""
_WEB_PORTS = {"http": ":80", "https": ":443", "ssh": ":22", "git": ":9418"}


def workspace_tag(workspace: str) -> str:
    """The tag of deployments and runs of that workspace."""
    return f"{_TAG}{workspace}"


def workspace_of(tags: Iterable[str]) -> str:
    """The workspace of a run with these tags. Raises InvalidInputError where they name several, or none that can be."""
    named = sorted({tag.removeprefix(_TAG) for tag in tags if tag.startswith(_TAG)})
    if not named:
        return DEFAULT_WORKSPACE
    if len(named) > 1:
        raise InvalidInputError(f"a run has one workspace, and its tags name {', '.join(named)}: start it without them")
    try:
        return _NAME.validate_python(named[0])
    except ValidationError as error:
        raise InvalidInputError(f"the tag '{workspace_tag(named[0])}' names no workspace that can be") from error


def is_in(workspace: str, tags: Iterable[str]) -> bool:
    """Whether a run with these tags may be seen by people of that workspace."""
    try:
        return workspace_of(tags) == workspace
    except InvalidInputError:
        return False


def deployment_name(workflow: str, workspace: str) -> str:
    """The name of the deployment that starts a workflow for a workspace: limits and schedules are each one's own."""
    return workflow if workspace == DEFAULT_WORKSPACE else f"{workflow}@{workspace}"


def check_repository(repository: str, workspace: str, settings: Settings, door: Via | None = None) -> None:
    """Raises InvalidInputError where the workspace's runs may not read that repository, UnavailableError.

    `door` is where somebody asks for a run; None, the run itself does. A door that serves others finds out what this hub
    reads before anything is started, and lets nobody name a folder of the hub but those below `local_roots` and those that
    the workspace is allowed by their path. The run finds out again, with the settings of its worker, when it reads.
    """
    # Late, here and below: commands that need no database shall not wait for its library.
    from flows.accounts.workspaces import ANY
    from flows.approvals.globs import any_matches

    known = _patterns(workspace, settings)
    if door in _OTHERS:
        by_name = any_matches([pattern for pattern in known if pattern != ANY], _addresses(repository))
        _check_door(repository, settings, by_name=by_name)
    if ANY not in known and not (any_matches(known, _addresses(repository)) and _all_match(known, repository)):
        shown = display(repository)
        raise InvalidInputError(
            f"the workspace '{workspace}' may not read {shown}; who runs the hub allows it by "
            f"`dockyard workspaces allow {workspace} --repository PATTERN`"
        )


def _all_match(patterns: tuple[str, ...], repository: str) -> bool:
    """Whether all that belongs to a folder is allowed: its `.git` may lead to another's repository."""
    from flows.approvals.globs import any_matches

    place = place_of(repository)
    places = () if place is None else places_of(place)
    return all(
        any_matches(patterns, [name, f"{name}/"])
        for name in (one.as_posix().removeprefix("/") for one in places)
        if not _inside(name, place)
    )


def _inside(name: str, place: Path | None) -> bool:
    return place is not None and Path("/", name).is_relative_to(place)


def _check_door(repository: str, settings: Settings, *, by_name: bool) -> None:
    reach = Reach.of(settings)
    place = place_of(repository)
    if place is None:
        reach.check(repository)
        return
    if not settings.local_roots and not by_name:
        raise InvalidInputError(
            f"'{display(repository)}' is a folder of the hub, which only its command line may name; who runs the hub lets "
            "others read below the folders in DOCKYARD_LOCAL_ROOTS"
        )
    reach.check_folder(place, display(repository))


def _patterns(workspace: str, settings: Settings) -> tuple[str, ...]:
    from flows.accounts.workspaces import Workspaces, new
    from flows.store import is_made, open_store

    if not is_made(settings):
        return new(workspace).repositories
    return Workspaces(open_store(settings)).get(workspace).repositories


def _addresses(repository: str) -> tuple[str, ...]:
    """The repository as patterns are compared with it: a whole path, or a URL in one spelling, with and without `.git`."""
    if not is_url(repository):
        folder = None if repository.lower().startswith("file:") else place_of(repository)
        return () if folder is None else (folder.as_posix().removeprefix("/"),)
    scp = _SCP.fullmatch(repository)
    url = f"ssh://{scp[1]}/{scp[2].lstrip('/')}" if scp else repository
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    plain = unquote(path)
    if ".." in PurePosixPath(plain).parts or plain != path or "//" in path or "\\" in path:
        return ()  # git and servers may read it as another place than it seems
    place = host.rpartition("@")[2].lower().removesuffix(_WEB_PORTS.get(scheme.lower(), ""))
    address = f"{scheme.lower()}://{place}/{path.rstrip('/')}"
    return (address, address.removesuffix(".git"))
