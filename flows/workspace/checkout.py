"""From a path or URL and a ref to one pinned commit and its tree as a tar."""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.errors import InvalidInputError
from flows.workspace import git
from flows.workspace.credentials import credentials_of
from flows.workspace.history import changes
from flows.workspace.keeping import keep, release
from flows.workspace.limits import MIB, HostileTreeError, Limits, TooLargeError, check_listing
from flows.workspace.mirror import Mirror, locked
from flows.workspace.reach import Reach, Way
from flows.workspace.snapshot import snapshot
from flows.workspace.source import display, folder_of, is_git, place_of
from flows.workspace.tar import write_tar

log = logging.getLogger(__name__)

MIRRORS = "mirrors"
"""The folder of all mirrors in the state folder."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OPEN = Reach()
_USUAL = Limits()

_ALONE = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
_FETCH = (*_ALONE, "--prune", "--force", "--update-shallow")
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_HEAD = "+HEAD:refs/dockyard/HEAD"
_STARTS_AT_HEAD = re.compile(r"(?:HEAD|@)(?![\w./-])")
_ADDRESS = re.compile(r"\w+://[^\s'\"]+")
_NOT_LET_IN = re.compile(r"could not read (?:Username|Password)|Authentication failed")
_REDIRECTED = re.compile(r"returned error: 30[1-8]")


DIRTY = "The working tree has uncommitted changes; they are not part of this run."
"""What to say of a dirty checkout."""


@dataclass(frozen=True)
class Checkout:
    """A repository at one commit. `dirty`: the working tree had changes, which are not part of it."""

    repository: str
    ref: str
    commit: str
    mirror: Path
    home: Path
    timeout: float
    dirty: bool = False

    @property
    def notice(self) -> str | None:
        """A sentence for whoever reads the report, when the commit is not all there is."""
        return DIRTY if self.dirty else None

    def release(self, run: str) -> None:
        """The run has ended, and needs its commit no more."""
        release(self.mirror, run, home=self.home, timeout=self.timeout)

    def changes(self) -> Mapping[str, int]:
        """By file, the commits of the past year that changed it; empty where the history cannot tell."""
        try:
            return changes(Mirror(self.mirror, self.home, self.timeout), self.commit)
        except git.GitError as error:
            log.warning("How often files change is not known: %s", error)
            return {}

    def write_tar(self, path: Path) -> None:
        """Write the commit's whole tree to `path` as an uncompressed tar, links out of it cut off. Raises GitError."""
        write_tar(Mirror(self.mirror, self.home, self.timeout), self.commit, path)


def check_out(
    repository: str,
    ref: str,
    *,
    state_dir: Path,
    timeout: float,
    credentials: Path | None = None,
    pinned: str | None = None,
    kept_for: str | None = None,
    reach: Reach = _OPEN,
    limits: Limits = _USUAL,
) -> Checkout:
    """Fetch `repository` into its mirror under `state_dir` and resolve `ref` to a commit.

    A folder that is not a git repository is taken as it stands, as one commit of its own. `credentials` is
    a file of passwords for URLs. With `pinned`, it is that commit whatever `ref` names by now. `kept_for` is the id of a
    run that may want the commit again in weeks: the mirror keeps it until `Checkout.release` of that run.
    Raises InvalidInputError when there is no such repository or ref, when it is out of `reach` or exceeds the `limits`,
    and UnavailableError when git is missing or others hold the mirror for longer than `timeout`.
    """
    if ref.startswith("-") or not ref.strip():
        raise InvalidInputError(f"'{ref}' is not a ref; give a branch, a tag or a commit")
    state_dir = state_dir.resolve()  # git is called from other folders
    home = state_dir / "git"
    source = _Source.of(repository, reach, credentials)
    key = hashlib.sha256(source.name.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    try:
        with locked(state_dir / MIRRORS / key, home=home, timeout=timeout) as mirror:
            commit = _commit(mirror, source, ref, pinned, limits)
            with mirror.reading("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", f"{commit}^{{tree}}") as listing:
                check_listing(listing, limits)
            if kept_for is not None:
                keep(mirror, kept_for, commit)
            # Last: until now nobody knows whether the tree can be held in memory.
            dirty = pinned is None and source.has_files and ref == "HEAD" and _is_dirty(mirror, source.folder, commit)
            mirror.tidy()
    except git.GitError as error:
        # Not `from error`: git's own words may hold the URL as it was given.
        raise InvalidInputError(f"cannot read '{display(repository)}' at '{ref}': {_told(error, limits)}") from None
    except (TooLargeError, HostileTreeError) as error:
        raise type(error)(f"'{display(repository)}' at '{ref}' is not read: {error}") from error
    return Checkout(
        repository=display(repository),
        ref=ref,
        commit=commit,
        mirror=mirror.path,
        home=home,
        timeout=timeout,
        dirty=dirty,
    )


@dataclass(frozen=True)
class _Source:
    """Where to fetch from. `name` tells repositories apart; `folder` is empty for a URL, a `file://` one, too."""

    given: str
    name: str
    reach: Reach
    credentials: Path | None
    folder: Path = Path()
    local: bool = True

    @classmethod
    def of(cls, repository: str, reach: Reach, credentials: Path | None) -> _Source:
        place = place_of(repository)
        if place is None:
            return cls(repository, reach.check(repository).url, reach, credentials, local=False)
        reach.check_folder(place, display(repository))
        folder = folder_of(repository)
        # git would not read each spelling of such a URL as it was read here.
        return cls(repository, place.as_uri() if folder is None else str(folder), reach, None, folder or Path())

    @property
    def is_plain(self) -> bool:
        """A folder that is no repository."""
        return self.folder != Path() and not is_git(self.folder)

    @property
    def has_files(self) -> bool:
        """A repository with files beside it."""
        return self.folder != Path() and (self.folder / ".git").exists()

    def way(self) -> Way:
        """How git gets there now. Raises InvalidInputError."""
        if self.local:
            return Way(self.name, "file")
        way = self.reach.way(self.given)
        return way.with_settings(credentials_of(self.credentials))


def _commit(mirror: Mirror, source: _Source, ref: str, pinned: str | None, limits: Limits) -> str:
    if pinned is not None and mirror.holds(pinned):
        return pinned
    if not source.is_plain:
        way = source.way()
        _fetch(mirror, way, ref, mirror.room(limits))
        return _resolve(mirror, source, way, pinned or ref, limits)
    if ref != "HEAD":
        raise InvalidInputError(f"'{source.given}' is not a git repository, so it has no ref '{ref}'")
    mirror.room(limits)
    commit = snapshot(mirror, source.folder, limits)
    if pinned not in (None, commit):
        raise InvalidInputError(f"'{source.given}' has changed since the run began; start a new one")
    return commit


def _told(error: git.GitError, limits: Limits) -> str:
    if isinstance(error, git.OverSizeError):
        return f"its history takes more than {limits.mirror // MIB} MiB on this machine (DOCKYARD_MAX_MIRROR_MB)"
    reason = _ADDRESS.sub(lambda found: display(found[0]), str(error))
    if _REDIRECTED.search(reason):
        return f"{reason}: the server redirects, which is not followed; give the address that it leads to"
    return f"{reason}; for a private repository set DOCKYARD_GIT_CREDENTIALS" if _NOT_LET_IN.search(reason) else reason


def _fetch(mirror: Mirror, way: Way, ref: str, room: int) -> None:
    command = ("fetch", *_FETCH, "--", way.url)
    try:
        # Tags and branches keep their names apart from HEAD, which a mirror refspec would not bring.
        mirror.run(*command, *_REFS, _HEAD, extra=way.extra, protocol=way.protocol, largest=room)
    except git.GitError as error:
        # A repository whose HEAD names no branch still has the others.
        if "remote ref HEAD" not in str(error) or _STARTS_AT_HEAD.match(ref):
            raise
        mirror.run(*command, *_REFS, extra=way.extra, protocol=way.protocol, largest=room)


def _resolve(mirror: Mirror, source: _Source, way: Way, ref: str, limits: Limits) -> str:
    parse = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    try:
        return mirror.run(*parse)
    except git.GitError:
        if not _COMMIT.fullmatch(ref):
            raise InvalidInputError(f"there is no branch, tag or commit '{ref}' in '{display(source.given)}'") from None
    # A commit that no branch or tag reaches (a pull request's, say) can often still be asked for by its id.
    command = ("fetch", *_ALONE, "--", way.url, ref)
    mirror.run(*command, extra=way.extra, protocol=way.protocol, largest=mirror.room(limits))
    return mirror.run(*parse)


def _is_dirty(mirror: Mirror, folder: Path, commit: str) -> bool:
    """Whether tracked files differ from `commit`.

    Asked through the mirror: `git status` in the folder would run the filters its own configuration names.
    """
    with tempfile.TemporaryDirectory(prefix="index-", dir=mirror.path) as scratch:
        extra = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        # Nothing is written where a name could mean another file than it says.
        where = ("--work-tree", folder, "-c", "core.bare=false", "-c", "core.protectNTFS=false", "-C", folder)
        mirror.run(*where, "read-tree", commit, extra=extra)
        # The index was just read and knows no file's time and size yet: without this all files look changed.
        # Submodules are left alone: looking into one runs git in it, with the configuration it brings.
        refresh = ("update-index", "-q", "--refresh", "--unmerged", "--ignore-submodules")
        mirror.run(*where, *refresh, extra=extra, ok=(0, 1))
        differ = ("diff-files", "--name-only", "--ignore-submodules=all")
        return bool(mirror.run(*where, *differ, extra=extra))
