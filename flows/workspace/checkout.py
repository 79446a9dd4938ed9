"""From a path or URL and a ref to one pinned commit and its tree as a tar."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.errors import InvalidInputError
from flows.workspace import git
from flows.workspace.credentials import helper
from flows.workspace.history import changes
from flows.workspace.keeping import keep, release
from flows.workspace.snapshot import snapshot
from flows.workspace.source import display, folder_of

log = logging.getLogger(__name__)

GC_LOOSE_OBJECTS = 6700
"""git's own default; our configuration switches its automatic, detached collection off."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

_FETCH = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--force", "--update-shallow")
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_HEAD = "+HEAD:refs/dockyard/HEAD"
_STARTS_AT_HEAD = re.compile(r"(?:HEAD|@)(?![\w./-])")
_ADDRESS = re.compile(r"\w+://[^\s'\"]+")
_NOT_LET_IN = re.compile(r"could not read (?:Username|Password)|Authentication failed")

# Takes every attribute away that would change or hide content: filters, line endings, export-ignore.
_ATTRIBUTES = "* -text -eol -filter -ident -export-ignore -export-subst -working-tree-encoding\n"


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
            return changes(self.mirror, self.commit, home=self.home, timeout=self.timeout)
        except git.GitError as error:
            log.warning("How often files change is not known: %s", error)
            return {}

    def write_tar(self, path: Path) -> None:
        """Write the commit's whole tree to `path` as an uncompressed tar. Raises GitError."""
        # The tree, not the commit: a header with the commit's id makes the tar of an empty tree unreadable.
        tree = f"{self.commit}^{{tree}}"
        arguments = [*_where(self.mirror), "archive", "--format=tar", "-o", path, tree]
        git.run(arguments, home=self.home, timeout=self.timeout)


def check_out(
    repository: str,
    ref: str,
    *,
    state_dir: Path,
    timeout: float,
    credentials: Path | None = None,
    pinned: str | None = None,
    kept_for: str | None = None,
) -> Checkout:
    """Fetch `repository` into its mirror under `state_dir` and resolve `ref` to a commit.

    A folder that is not a git repository is taken as it stands, as one commit of its own. `credentials` is
    a file of passwords for URLs. With `pinned`, it is that commit whatever `ref` names by now. `kept_for` is the id of a
    run that may want the commit again in weeks: the mirror keeps it until `Checkout.release` of that run.
    Raises InvalidInputError when there is no such repository or ref.
    """
    if ref.startswith("-") or not ref.strip():
        raise InvalidInputError(f"'{ref}' is not a ref; give a branch, a tag or a commit")
    state_dir = state_dir.resolve()  # git is called from other folders
    home = state_dir / "git"
    folder = folder_of(repository)
    access = {} if folder is not None else helper(credentials)
    source = repository if folder is None else str(folder)
    mirror = state_dir / "mirrors" / hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    try:
        with _locked(mirror):
            if not _is_made(mirror):
                _make(mirror, home, timeout)
            dirty = False
            if pinned is not None and _holds(mirror, pinned, home, timeout):
                commit = pinned
            elif folder is not None and not _is_git(folder):
                if ref != "HEAD":
                    raise InvalidInputError(f"'{repository}' is not a git repository, so it has no ref '{ref}'")
                commit = snapshot(mirror, folder, home=home, timeout=timeout)
                if pinned not in (None, commit):
                    raise InvalidInputError(f"'{repository}' has changed since the run began; start a new one")
            else:
                _fetch(mirror, source, ref, home=home, timeout=timeout, access=access)
                commit = _resolve(mirror, source, pinned or ref, home=home, timeout=timeout, access=access)
                if folder is not None and ref == "HEAD" and (folder / ".git").exists():
                    dirty = _is_dirty(mirror, folder, commit, home, timeout)
            if kept_for is not None:
                keep(mirror, kept_for, commit, home=home, timeout=timeout)
            _tidy(mirror, home, timeout)
    except git.GitError as error:
        # Not `from error`: git's own words may hold the URL as it was given.
        reason = _ADDRESS.sub(lambda found: display(found[0]), str(error))
        hint = "; for a private repository set DOCKYARD_GIT_CREDENTIALS" if _NOT_LET_IN.search(reason) else ""
        raise InvalidInputError(f"cannot read '{display(repository)}' at '{ref}': {reason}{hint}") from None
    return Checkout(
        repository=display(repository),
        ref=ref,
        commit=commit,
        mirror=mirror,
        home=home,
        timeout=timeout,
        dirty=dirty,
    )


def _holds(mirror: Path, commit: str, home: Path, timeout: float) -> bool:
    try:
        git.run([*_where(mirror), "cat-file", "-e", f"{commit}^{{commit}}"], home=home, timeout=timeout)
    except git.GitError:  # another machine's mirror
        return False
    return True


def _is_made(mirror: Path) -> bool:
    head = mirror / "HEAD"
    return head.exists() and head.read_text(encoding="utf-8").strip() == "ref: refs/dockyard/HEAD"


def _make(mirror: Path, home: Path, timeout: float) -> None:
    git.run(["init", "--quiet", "--bare", "--template=", mirror], home=home, timeout=timeout)
    (mirror / "info").mkdir(exist_ok=True)
    (mirror / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
    # HEAD~1 and @ count from the repository's HEAD, not from a branch that happens to be called master.
    # This comes last: a mirror that says so is complete.
    git.run([*_where(mirror), "symbolic-ref", "HEAD", "refs/dockyard/HEAD"], home=home, timeout=timeout)


def _fetch(mirror: Path, source: str, ref: str, *, home: Path, timeout: float, access: Mapping[str, str]) -> None:
    command = [*_where(mirror), "fetch", *_FETCH, "--", source]
    try:
        # Tags and branches keep their names apart from HEAD, which a mirror refspec would not bring.
        git.run([*command, *_REFS, _HEAD], home=home, timeout=timeout, extra=access)
    except git.GitError as error:
        # A repository whose HEAD names no branch still has the others.
        if "remote ref HEAD" not in str(error) or _STARTS_AT_HEAD.match(ref):
            raise
        git.run([*command, *_REFS], home=home, timeout=timeout, extra=access)


def _resolve(mirror: Path, source: str, ref: str, *, home: Path, timeout: float, access: Mapping[str, str]) -> str:
    where = _where(mirror)
    parse = [*where, "rev-parse", "--quiet", "--verify", "--end-of-options"]
    try:
        return git.run([*parse, f"{ref}^{{commit}}"], home=home, timeout=timeout)
    except git.GitError:
        if not _COMMIT.fullmatch(ref):
            raise InvalidInputError(f"there is no branch, tag or commit '{ref}' in '{display(source)}'") from None
    # A commit that no branch or tag reaches (a pull request's, say) can often still be asked for by its id.
    command = [*where, "fetch", "--quiet", "--no-tags", "--", source, ref]
    git.run(command, home=home, timeout=timeout, extra=access)
    return git.run([*parse, f"{ref}^{{commit}}"], home=home, timeout=timeout)


def _tidy(mirror: Path, home: Path, timeout: float) -> None:
    """Let git pack what has gathered and drop what nothing has reached for two weeks, when there is enough of it.

    In the foreground, because the mirror is locked only as long as this process works on it.
    """
    settings = ("-c", f"gc.auto={GC_LOOSE_OBJECTS}", "-c", "gc.autoDetach=false")
    try:
        git.run([*_where(mirror), *settings, "gc", "--auto", "--quiet"], home=home, timeout=timeout)
    except git.GitError as error:
        log.warning("the mirror %s could not be tidied, which costs room and nothing else: %s", mirror, error)


def _is_git(folder: Path) -> bool:
    # Only the folder's own repository counts: a plain folder inside some other checkout is a folder.
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _is_dirty(mirror: Path, folder: Path, commit: str, home: Path, timeout: float) -> bool:
    """Whether tracked files differ from `commit`.

    Asked through the mirror: `git status` in the folder would run the filters its own configuration names.
    """
    with tempfile.TemporaryDirectory(prefix="index-", dir=mirror) as scratch:
        extra = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        where = [*_where(mirror), "--work-tree", folder, "-c", "core.bare=false", "-C", folder]
        git.run([*where, "read-tree", commit], home=home, timeout=timeout, extra=extra)
        # The index was just read and knows no file's time and size yet: without this all files look changed.
        # Submodules are left alone: looking into one runs git in it, with the configuration it brings.
        refresh = ["update-index", "-q", "--refresh", "--unmerged", "--ignore-submodules"]
        git.run([*where, *refresh], home=home, timeout=timeout, extra=extra, ok=(0, 1))
        differ = ["diff-files", "--name-only", "--ignore-submodules=all"]
        return bool(git.run([*where, *differ], home=home, timeout=timeout, extra=extra))


def _where(mirror: Path) -> list[str | Path]:
    return ["--git-dir", mirror]


@contextmanager
def _locked(mirror: Path) -> Iterator[None]:
    """One process at a time changes a mirror."""
    mirror.mkdir(parents=True, exist_ok=True)
    with (mirror.parent / f"{mirror.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
