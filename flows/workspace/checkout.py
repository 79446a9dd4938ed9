"""From a path or URL and a ref to one pinned commit and its tree as a tar."""

from __future__ import annotations

import fcntl
import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from flows.errors import InvalidInputError
from flows.workspace import git

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL = re.compile(r"(?:(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+)")

_FETCH = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--force", "--update-shallow")
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/dockyard/HEAD")

# Takes every attribute away that would change or hide content: filters, line endings, export-ignore.
_ATTRIBUTES = "* -text -eol -filter -ident -export-ignore -export-subst -working-tree-encoding\n"


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

    def write_tar(self, path: Path) -> None:
        """Write the commit's whole tree to `path` as an uncompressed tar. Raises GitError."""
        arguments = [*_where(self.mirror), "archive", "--format=tar", "-o", path, self.commit]
        git.run(arguments, home=self.home, timeout=self.timeout)


def display(repository: str) -> str:
    """The repository's name for people and logs: credentials taken out of a URL."""
    if "://" not in repository:
        return repository
    parts = urlsplit(repository)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def check_out(repository: str, ref: str, *, state_dir: Path, timeout: float) -> Checkout:
    """Fetch `repository` into its mirror under `state_dir` and resolve `ref` to a commit.

    A folder that is not a git repository is taken as it stands, as one commit of its own. Raises
    InvalidInputError when there is no such repository or ref.
    """
    if ref.startswith("-") or not ref.strip():
        raise InvalidInputError(f"'{ref}' is not a ref; give a branch, a tag or a commit")
    home = state_dir / "git"
    is_url = bool(_URL.fullmatch(repository))
    folder = None if is_url else Path(repository).expanduser()
    if folder is not None and not folder.is_dir():
        hint = "give a folder or a git URL (https://…, ssh://…, git@host:path)"
        raise InvalidInputError(f"there is no repository at '{repository}'; {hint}")
    source = repository if folder is None else str(folder.resolve())
    mirror = state_dir / "mirrors" / hashlib.sha256(source.encode()).hexdigest()[:24]

    def call(*arguments: str | Path, extra: dict[str, str] | None = None) -> str:
        return git.run([*_where(mirror), *arguments], home=home, timeout=timeout, extra=extra)

    with _locked(mirror):
        if not (mirror / "info" / "attributes").exists():
            git.run(["init", "--quiet", "--bare", "--template=", mirror], home=home, timeout=timeout)
            (mirror / "info").mkdir(exist_ok=True)
            (mirror / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
        dirty = False
        try:
            if folder is not None and not _is_git(folder):
                if ref != "HEAD":
                    raise InvalidInputError(f"'{repository}' is not a git repository, so it has no ref '{ref}'")
                commit = _snapshot(mirror, folder.resolve(), home, timeout)
            else:
                # Tags and branches keep their names apart from HEAD, which a mirror refspec would not bring.
                call("fetch", *_FETCH, source, *_REFS)
                commit = _resolve(mirror, source, ref, home, timeout)
                if folder is not None and ref == "HEAD" and (folder / ".git").exists():
                    dirty = _is_dirty(mirror, folder.resolve(), commit, home, timeout)
        except git.GitError as error:
            raise InvalidInputError(f"cannot read '{display(repository)}' at '{ref}': {error}") from error
    return Checkout(
        repository=display(repository),
        ref=ref,
        commit=commit,
        mirror=mirror,
        home=home,
        timeout=timeout,
        dirty=dirty,
    )


def _resolve(mirror: Path, source: str, ref: str, home: Path, timeout: float) -> str:
    name = "refs/dockyard/HEAD" if ref == "HEAD" else ref
    where = _where(mirror)
    parse = [*where, "rev-parse", "--quiet", "--verify", "--end-of-options"]
    try:
        return git.run([*parse, f"{name}^{{commit}}"], home=home, timeout=timeout)
    except git.GitError:
        if not _COMMIT.fullmatch(ref):
            raise InvalidInputError(f"there is no branch, tag or commit '{ref}' in '{display(source)}'") from None
    # A commit that no branch or tag reaches (a pull request's, say) can often still be asked for by its id.
    git.run([*where, "fetch", "--quiet", "--no-tags", source, ref], home=home, timeout=timeout)
    return git.run([*parse, f"{ref}^{{commit}}"], home=home, timeout=timeout)


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
        git.run(
            [*where, "update-index", "-q", "--refresh", "--unmerged"], home=home, timeout=timeout, extra=extra, ok=(0, 1)
        )
        return bool(git.run([*where, "diff-files", "--name-only"], home=home, timeout=timeout, extra=extra))


def _where(mirror: Path) -> list[str | Path]:
    return ["--git-dir", mirror]


def _snapshot(mirror: Path, folder: Path, home: Path, timeout: float) -> str:
    """The folder's content as a commit whose id depends on nothing but the content."""
    stamp = "2000-01-01T00:00:00Z"
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "dockyard"), ("EMAIL", "dockyard@localhost"), ("DATE", stamp))
    }
    extra = {"GIT_INDEX_FILE": str(mirror / "snapshot-index"), **identity}
    where = [*_where(mirror), "--work-tree", folder, "-c", "core.bare=false", "-c", "core.excludesFile=/dev/null"]

    def call(*arguments: str) -> str:
        return git.run([*where, *arguments], home=home, timeout=timeout, extra=extra)

    call("-C", str(folder), "add", "--all", "--force", "--ignore-errors", ".")
    commit = call("commit-tree", "-m", "snapshot", call("write-tree"))
    call("update-ref", "refs/dockyard/HEAD", commit)
    return commit


@contextmanager
def _locked(mirror: Path) -> Iterator[None]:
    """One process at a time changes a mirror."""
    mirror.mkdir(parents=True, exist_ok=True)
    with (mirror.parent / f"{mirror.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
