"""A local repository that gets a branch: its refs are read and made, its configuration, hooks and filters have no say.

Trees and commits are made in a repository of our own that borrows the other's store of objects: what the target
says in its configuration and attributes does not count there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flows.workspace import git
from flows.workspace.refusals import DirtyFolderError, NotALocalRepositoryError, PatchError

_DEAF = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.protectNTFS=true",
    "core.protectHFS=true",
    "core.filesRefLockTimeout=5000",  # two at once wait for each other instead of failing
)
_STORAGE = frozenset(
    {"core.sharedrepository", "core.filemode", "core.symlinks", "core.ignorecase", "core.autocrlf", "core.eol",
     "core.checkstat", "core.trustctime"}
)  # fmt: skip
"""What the target's configuration says of how its files are kept. None of them names a program."""


@dataclass(frozen=True)
class Signature:
    """Who a commit is by and when: the same one gives the same commit. `when` has a time zone."""

    name: str
    email: str
    when: datetime

    def variables(self, who: str) -> dict[str, str]:
        """git's variables for the AUTHOR or the COMMITTER. Raises ValueError for a time without a zone."""
        if self.when.tzinfo is None:
            raise ValueError("a signature's time needs a time zone")
        date = f"@{int(self.when.astimezone(UTC).timestamp())} +0000"
        return {f"GIT_{who}_NAME": self.name, f"GIT_{who}_EMAIL": self.email, f"GIT_{who}_DATE": date}


@dataclass(frozen=True)
class Scratch:
    """A repository of our own over the target's objects, gone when the block ends."""

    folder: Path
    home: Path
    timeout: float
    variables: Mapping[str, str]
    settings: Sequence[str]

    def run(
        self,
        *arguments: str | Path,
        index: str = "index",
        work: Path | None = None,
        extra: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        ok: Sequence[int] = (0,),
    ) -> str:
        """Run git in it with an index of that name; with `work` over that folder's files. Raises GitError."""
        command: list[str | Path] = ["--git-dir", self.folder]
        for setting in self.settings:
            command += ["-c", setting]
        if work is not None:
            command += ["-c", "core.bare=false", "--work-tree", work, "-C", work]
        variables = {**self.variables, "GIT_INDEX_FILE": str(self.folder / index), **(extra or {})}
        arguments = (*command, *arguments)
        return git.run(arguments, home=self.home, timeout=self.timeout, extra=variables, stdin=stdin, ok=ok)


@dataclass(frozen=True)
class Target:
    """A local repository. `git_dir` is the folder that holds its HEAD and index, `bare` says that it has no files."""

    folder: Path
    git_dir: Path
    objects: Path
    bare: bool
    home: Path
    timeout: float
    storage: tuple[str, ...] = field(default=())

    @classmethod
    def open(cls, folder: Path, *, home: Path, timeout: float) -> Target:
        """The repository whose top is `folder`. Raises NotALocalRepositoryError."""
        folder, home = folder.resolve(), home.resolve()
        extra = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}  # a plain folder inside a checkout is a plain folder
        where = ["-C", folder, *_settings(_DEAF)]
        ask = ["rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-path", "objects", "--is-bare-repository"]
        try:
            found = git.run([*where, *ask], home=home, timeout=timeout, extra=extra)
            git_dir, objects, bare = found.split("\n")
            listed = git.run([*where, "config", "--list", "-z"], home=home, timeout=timeout, extra=extra)
        except git.GitError as error:
            raise NotALocalRepositoryError(
                f"{folder} is not a git repository, so it can get no branch ({error}); "
                "clone one, or run `git init` in it and commit"
            ) from error
        pairs = dict(line.split("\n", 1) for line in listed.split("\0") if "\n" in line)
        storage = tuple(f"{key}={value}" for key, value in sorted(pairs.items()) if key in _STORAGE)
        return cls(folder, Path(git_dir), Path(objects), bare == "true", home, timeout, storage)

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None, stdin: bytes = b"") -> str:
        """Run git on its refs, without its hooks. Raises GitError."""
        command: list[str | Path] = ["--git-dir", self.git_dir, *_settings(_DEAF)]
        return git.run([*command, *arguments], home=self.home, timeout=self.timeout, extra=extra, stdin=stdin)

    def resolve(self, ref: str) -> str | None:
        """The commit that `ref` names, None when there is none."""
        if ref.startswith("-") or "\0" in ref:
            return None
        try:
            return self.run("rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except git.GitError:
            return None

    def branch_ref(self, branch: str) -> str:
        """The full name of a branch. Raises PatchError when git takes no such name."""
        ref = f"refs/heads/{branch}"
        refused = PatchError(f"{branch!r} is not a name for a branch; see `git help check-ref-format`")
        if branch.startswith("-") or "\0" in branch or branch == "HEAD":
            raise refused
        try:
            self.run("check-ref-format", ref)
        except git.GitError as error:
            raise refused from error
        return ref

    def full_name(self, ref: str) -> str | None:
        """The branch that `ref` stands for, by its full name; None for a commit, a tag or a detached HEAD."""
        try:
            name = self.run("rev-parse", "--symbolic-full-name", "--end-of-options", ref).split("\n")[-1]
        except git.GitError:
            return None
        return name if name.startswith("refs/heads/") else None

    @contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """A repository of our own over the target's objects."""
        with tempfile.TemporaryDirectory(prefix="apply-", dir=self.home) as folder:
            kind = self.run("rev-parse", "--show-object-format")
            create = ["init", "--quiet", "--bare", "--template=", f"--object-format={kind}", folder]
            git.run(create, home=self.home, timeout=self.timeout)
            variables = {"GIT_OBJECT_DIRECTORY": str(self.objects)}
            yield Scratch(Path(folder), self.home, self.timeout, variables, (*_DEAF, *self.storage))

    def check_clean(self, scratch: Scratch) -> None:
        """Raises DirtyFolderError when tracked files differ from the index, or the index from HEAD.

        Looked at through a copy of the index: what git remembers of the files spares reading them, line endings are
        converted as the repository says, and filters, which are programs, are not known there.
        """
        if self.bare:
            return
        index = self.git_dir / "index"
        for part in (index, *self.git_dir.glob("sharedindex.*")):
            if part.is_file():
                # With its times: git looks at a file again that is as young as the index.
                shutil.copy2(part, scratch.folder / ("folder-index" if part == index else part.name))
        head = self.resolve("HEAD") or scratch.run("mktree")
        refresh = ("update-index", "-q", "--refresh", "--unmerged", "--ignore-submodules")
        scratch.run(*refresh, index="folder-index", work=self.folder, ok=(0, 1))
        changed: set[str] = set()
        for command in (("diff-files",), ("diff-index", "--cached", head)):
            options = ("--name-only", "-z", "--ignore-submodules=all")
            listed = scratch.run(command[0], *options, *command[1:], "--", index="folder-index", work=self.folder)
            changed |= set(listed.split("\0")) - {""}
        if changed:
            names = ", ".join(sorted(changed)[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
            raise DirtyFolderError(
                f"{self.folder} has changes that are not committed ({names}); commit or stash them, then apply again"
            )

    def commit(
        self, scratch: Scratch, tree: str, parent: str, message: str, *, author: Signature, committer: Signature
    ) -> str:
        """The id of the commit, which is the same whenever all of this is the same."""
        who = {**author.variables("AUTHOR"), **committer.variables("COMMITTER")}
        return scratch.run("commit-tree", tree, "-p", parent, extra=who, stdin=message.encode("utf-8"))


def _settings(settings: Sequence[str]) -> list[str | Path]:
    return [part for setting in settings for part in ("-c", setting)]
