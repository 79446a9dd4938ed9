"""A bare clone for all runs over a repository: one process at a time changes it, and mends what killed ones left."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flows.errors import UnavailableError
from flows.workspace import git
from flows.workspace.limits import MIB, Limits, TooLargeError

log = logging.getLogger(__name__)

GC_LOOSE_OBJECTS = 6700
"""git's own default; our configuration switches its automatic, detached collection off."""

_HEAD = "ref: refs/dockyard/HEAD"
_POLL_SECONDS = 0.05
_LEFT = (
    "*.lock", "refs/**/*.lock", "objects/info/**/*.lock", "objects/pack/*.lock", "objects/pack/tmp_*", "objects/pack/.tmp-*",
    "objects/tmp_objdir-*", "objects/??/tmp_obj_*", "gc.pid", "index-*", "snapshot-*",
)  # fmt: skip
"""What killed processes leave: git would wait for the locks, or give up, and never take the rest away."""

# Takes every attribute away that would change or hide content: filters, line endings, export-ignore.
_ATTRIBUTES = "* -text -eol -filter -ident -export-ignore -export-subst -working-tree-encoding\n"


@dataclass(frozen=True)
class Mirror:
    """One mirror, held by this process while the block of `locked` lasts; `held` is its lock, which git keeps open, too."""

    path: Path
    home: Path
    timeout: float
    held: tuple[int, ...] = ()

    def run(
        self,
        *arguments: str | Path,
        extra: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        ok: Sequence[int] = (0,),
        protocol: str = "",
        largest: int | None = None,
    ) -> str:
        """Run git in it. Raises GitError."""
        return git.run(
            ["--git-dir", self.path, *arguments],
            home=self.home,
            timeout=self.timeout,
            extra=extra,
            stdin=stdin,
            ok=ok,
            protocols=(protocol,) if protocol else (),
            largest=largest,
            held=self.held,
        )

    @contextmanager
    def reading(self, *arguments: str | Path, stdin: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
        """What git writes, while it writes it. Raises GitError."""
        command = ["--git-dir", self.path, *arguments]
        with git.reading(command, home=self.home, timeout=self.timeout, held=self.held, stdin=stdin) as stream:
            yield stream

    def contents(self, objects: Sequence[bytes]) -> list[bytes]:
        """What these objects hold, in their order. For small ones. Raises GitError."""
        if not objects:
            return []
        with tempfile.TemporaryFile() as asked:
            asked.write(b"\n".join(objects) + b"\n")
            asked.seek(0)
            found: list[bytes] = []
            with self.reading("cat-file", "--batch", stdin=asked) as stream:
                for _ in objects:
                    size = int(stream.readline().rsplit(b" ", 1)[-1])
                    found.append(stream.read(size))
                    stream.read(1)
        return found

    def holds(self, commit: str) -> bool:
        """Whether the commit is in it."""
        try:
            self.run("cat-file", "-e", f"{commit}^{{commit}}")
        except git.GitError:  # another machine's mirror
            return False
        return True

    def make(self) -> None:
        """Make it, unless it is there."""
        head = self.path / "HEAD"
        if head.exists() and head.read_text(encoding="utf-8").strip() == _HEAD:
            return
        self.run("init", "--quiet", "--bare", "--template=")
        (self.path / "info").mkdir(exist_ok=True)
        (self.path / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
        # HEAD~1 and @ count from the repository's HEAD, not from a branch that happens to be called master.
        # This comes last: a mirror that says so is complete.
        self.run("symbolic-ref", "HEAD", _HEAD.removeprefix("ref: "))

    def room(self, limits: Limits) -> int:
        """How many bytes may still come in. Raises TooLargeError where there is no room at all."""
        left = limits.mirror - _size(self.path / "objects")
        if left <= 0:
            raise TooLargeError(
                f"its history takes more than {limits.mirror // MIB} MiB on this machine (DOCKYARD_MAX_MIRROR_MB)"
            )
        return left

    def tidy(self) -> None:
        """Let git pack what has gathered and drop what nothing has reached for two weeks, when there is enough of it.

        In the foreground, because the mirror is locked only as long as this process works on it.
        """
        settings = ("-c", f"gc.auto={GC_LOOSE_OBJECTS}", "-c", "gc.autoDetach=false")
        try:
            self.run(*settings, "gc", "--auto", "--quiet")
        except git.GitError as error:
            log.warning("the mirror %s could not be tidied, which costs room and nothing else: %s", self.path, error)


@contextmanager
def locked(path: Path, *, home: Path, timeout: float) -> Iterator[Mirror]:
    """Hold the mirror at `path`, made if need be, alone. Raises UnavailableError where others hold it for `timeout` seconds.

    The lock lives as long as this process or a git that it started: a killed fetch may still write. What is older than
    the lock is nobody's any more, and is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with holding(path, timeout) as lock:
        os.utime(lock)  # says when the mirror was last used
        if path.is_dir():
            _sweep(path)
        path.mkdir(exist_ok=True)
        mirror = Mirror(path, home, timeout, (lock,))
        mirror.make()
        yield mirror


@contextmanager
def holding(path: Path, timeout: float) -> Iterator[int]:
    """The lock of the mirror at `path`; nothing is made or mended. Raises UnavailableError after `timeout` seconds."""
    file = lock_of(path)
    until = time.monotonic() + timeout
    while True:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if _taken(lock, file):
                yield lock
                return
        finally:
            os.close(lock)
        if time.monotonic() >= until:
            raise UnavailableError(f"another process holds {path}, for {timeout:g} s by now; try again when it is done")
        time.sleep(_POLL_SECONDS)


def lock_of(path: Path) -> Path:
    """The file that is locked for the mirror at `path`."""
    return path.parent / f"{path.name}.lock"


def _taken(lock: int, file: Path) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Whoever collects a mirror removes its lock's file, too: then this is the lock of nothing.
    with suppress(FileNotFoundError):
        return os.fstat(lock).st_ino == file.stat().st_ino
    return False


def _sweep(mirror: Path) -> None:
    for pattern in _LEFT:
        for left in mirror.glob(pattern):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(base, name).lstat().st_size
    return total
