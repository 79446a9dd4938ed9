"""One mirror for all runs over a repository: many processes at once, killed ones, and the end of what nobody uses."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.errors import InvalidInputError, UnavailableError
from flows.execution.repository import read_repository
from flows.settings import Settings
from flows.workspace import MIRRORS, Checkout, Reach, check_out, collect
from flows.workspace.collecting import AT_ONCE, EVERY_SECONDS
from flows.workspace.git import reading
from flows.workspace.mirror import holding, lock_of
from tests.flows.workspace.conftest import CheckOut, commit, content, git

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

FORK = multiprocessing.get_context("fork")
DAY = 86400.0
OPEN = Reach(schemes=("http",), private_hosts=("127.0.0.1",))


def soon(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it holds within that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def _read_again_and_again(repository: str, state: Path, folder: Path, answers: SimpleQueue[object]) -> None:
    folder.mkdir()
    try:
        for _ in range(6):
            found = check_out(repository, "main", state_dir=state, timeout=60)
            answers.put((found.commit, content(found, folder)))
    except BaseException as error:  # noqa: BLE001 — told to the test, which fails by it
        answers.put(repr(error))


def test_many_processes_read_one_mirror_while_its_branch_is_rewritten(repository: Path, tmp_path: Path) -> None:
    answers: SimpleQueue[object] = FORK.SimpleQueue()
    workers = [
        FORK.Process(
            target=_read_again_and_again, args=(str(repository), tmp_path / "state", tmp_path / f"w{number}", answers)
        )
        for number in range(4)
    ]
    for worker in workers:
        worker.start()
    for number in range(12):  # each one forced over the one before
        (repository / "app.py").write_text(f"print({number})\n", encoding="utf-8")
        git(repository, "commit", "--quiet", "--no-verify", "--all", "--amend", "-m", str(number))
    found = [answers.get() for _ in range(24)]
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    for one in found:
        assert isinstance(one, tuple), one
        commit_id, files = one
        assert files == {"app.py": git(repository, "show", f"{commit_id}:app.py").encode() + b"\n"}
    assert len([path for path in (tmp_path / "state" / MIRRORS).iterdir() if path.is_dir()]) == 1


def test_a_run_that_goes_on_sees_its_commit_after_the_branch_was_rewritten(repository: Path, tmp_path: Path) -> None:
    began = check_out(str(repository), "main", state_dir=tmp_path / "state", timeout=60)
    (repository / "app.py").write_text("print('rewritten')\n", encoding="utf-8")
    git(repository, "commit", "--quiet", "--no-verify", "--all", "--amend", "-m", "rewritten")
    check_out(str(repository), "main", state_dir=tmp_path / "state", timeout=60)
    assert content(began, tmp_path) == {"app.py": b"print('one')\n"}
    again = check_out(str(repository), "main", state_dir=tmp_path / "state", timeout=60, pinned=began.commit)
    assert content(again, tmp_path) == {"app.py": b"print('one')\n"}


LEFT = ("HEAD.lock", "packed-refs.lock", "config.lock", "shallow.lock", "refs/heads/main.lock", "refs/dockyard/HEAD.lock",
        "objects/info/commit-graphs/commit-graph-chain.lock", "objects/pack/tmp_pack_AbCdEf", "objects/pack/tmp_idx_AbCdEf",
        "objects/00/tmp_obj_AbCdEf", "index-abcdef/index", "snapshot-abcdef/link-1", "gc.pid")  # fmt: skip


def test_what_a_killed_process_left_is_in_nobodys_way(repository: Path, checked: CheckOut) -> None:
    mirror = checked(repository).mirror
    for name in LEFT:
        (mirror / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror / name).write_bytes(b"left")
    wanted = commit(repository, "two")
    assert checked(repository).commit == wanted
    assert [name for name in LEFT if (mirror / name).exists()] == []


@pytest.mark.parametrize("missing", ["HEAD", "info/attributes", "config", "objects", "everything"])
def test_a_mirror_that_was_half_made_is_made_again(repository: Path, checked: CheckOut, missing: str) -> None:
    mirror = checked(repository).mirror
    (mirror / "HEAD").unlink()  # it is written last
    for path in sorted(mirror.rglob("*"), reverse=True) if missing == "everything" else [mirror / missing]:
        if path.is_file():
            path.unlink()
        elif missing == "everything" and path.is_dir():
            path.rmdir()
    assert checked(repository).commit == git(repository, "rev-parse", "HEAD")
    assert (mirror / "info" / "attributes").exists()


class Stuck:
    """A server that begins an answer and says no more, until it is told to end."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.reached, self.end, self.left = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    connection.recv(65536)
                    kind = b"Content-Type: application/x-git-upload-pack-advertisement"
                    connection.sendall(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n\r\n001e# service=git-upload-pack\n0000")
                    self.reached.set()
                    connection.settimeout(0.05)
                    while not self.end.is_set():
                        with contextlib.suppress(TimeoutError):
                            if not connection.recv(1):
                                self.left.set()
                                break

    def close(self) -> None:
        """End it."""
        self.end.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """A server that is stuck."""
    server = Stuck()
    yield server
    server.close()


def read(port: int, state: Path, timeout: float) -> Checkout:
    """A checkout from a server of this machine."""
    return check_out(f"http://127.0.0.1:{port}/x.git", "HEAD", state_dir=state, timeout=timeout, reach=OPEN)


def test_a_fetch_that_takes_too_long_is_ended_with_all_that_it_started(stuck: Stuck, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"did not finish within 1 s"):
        read(stuck.port, tmp_path / "state", 1)
    # It was not git that spoke to the server, but a helper of it.
    assert stuck.left.wait(30)


def test_a_killed_process_leaves_the_mirror_to_its_git_until_that_ends(stuck: Stuck, tmp_path: Path) -> None:
    worker = FORK.Process(target=read, args=(stuck.port, tmp_path / "state", 600))
    worker.start()
    assert stuck.reached.wait(30)
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join(30)
    (mirror,) = (path for path in (tmp_path / "state" / MIRRORS).iterdir() if path.is_dir())
    with pytest.raises(UnavailableError, match="another process holds"), holding(mirror, 0.2):
        pass
    stuck.end.set()  # the helper's connection ends, and git with it

    def free() -> bool:
        with contextlib.suppress(UnavailableError), holding(mirror, 0):
            return True
        return False

    assert soon(free)


def test_a_lock_whose_file_was_removed_is_no_lock(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    with holding(mirror, 0) as first:
        lock_of(mirror).unlink()
        with holding(mirror, 0) as second:
            assert os.fstat(first).st_ino != os.fstat(second).st_ino
            with pytest.raises(UnavailableError), holding(mirror, 0):
                pass


def aged(checkout: Checkout, days: float) -> Path:
    """Its mirror, last used that many days ago."""
    then = time.time() - days * DAY
    os.utime(lock_of(checkout.mirror), (then, then))
    return checkout.mirror


def due(mirrors: Path) -> float:
    """A time at which it is looked for mirrors again; the first time nothing is removed."""
    collect(mirrors, 30)
    return time.time() + EVERY_SECONDS + 1


def folders(tmp_path: Path, count: int) -> list[Path]:
    """Plain folders with a file."""
    made = [tmp_path / f"folder-{number}" for number in range(count)]
    for folder in made:
        folder.mkdir()
        (folder / "app.py").write_text("x\n")
    return made


def test_mirrors_that_nobody_uses_are_removed_and_others_stay(tmp_path: Path, checked: CheckOut) -> None:
    first, second = folders(tmp_path, 2)
    old, young = aged(checked(first), 31), aged(checked(second), 29)
    now = due(old.parent)
    assert collect(old.parent, 0, now=now) == ()
    assert collect(old.parent, 30, now=now) == (old,)
    assert not old.exists()
    assert not lock_of(old).exists()
    assert young.exists()
    assert checked(first).mirror == old  # made again


def test_it_is_looked_once_an_hour(tmp_path: Path, checked: CheckOut) -> None:
    first, second = folders(tmp_path, 2)
    old = aged(checked(first), 31)
    now = due(old.parent)
    assert collect(old.parent, 30, now=now) == (old,)
    another = aged(checked(second), 31)
    assert collect(old.parent, 30) == ()
    assert another.exists()


@pytest.mark.parametrize("packed", [True, False])
def test_a_mirror_that_a_run_waits_with_stays(repository: Path, tmp_path: Path, *, packed: bool) -> None:
    kept = check_out(str(repository), "HEAD", state_dir=tmp_path / "state", timeout=60, kept_for="run-1")
    mirror = kept.mirror
    if packed:
        git(mirror, "pack-refs", "--all")
    now = due(mirror.parent)
    aged(kept, 400)
    assert collect(mirror.parent, 30, now=now) == ()
    kept.release("run-1")
    aged(kept, 400)
    assert collect(mirror.parent, 30, now=now + EVERY_SECONDS + 1) == (mirror,)
    kept.release("run-1")  # once more, with nothing there
    assert not mirror.exists()


def test_a_mirror_in_use_stays(repository: Path, checked: CheckOut) -> None:
    mirror = aged(checked(repository), 31)
    now = due(mirror.parent)
    with holding(mirror, 0):
        assert collect(mirror.parent, 30, now=now) == ()
    assert mirror.exists()


def test_a_run_waits_for_few_removals(tmp_path: Path) -> None:
    mirrors = tmp_path / MIRRORS
    for number in range(AT_ONCE + 3):
        (mirrors / f"{number:024}").mkdir(parents=True)
        lock_of(mirrors / f"{number:024}").touch()
        os.utime(lock_of(mirrors / f"{number:024}"), (0, 0))
    now = due(mirrors)
    assert len(collect(mirrors, 30, now=now)) == AT_ONCE
    assert len(collect(mirrors, 30, now=now + EVERY_SECONDS + 1)) == 3


def test_what_a_killed_removal_left_goes(tmp_path: Path) -> None:
    mirrors = tmp_path / MIRRORS
    (mirrors / ".removed-x" / "objects").mkdir(parents=True)
    assert collect(mirrors, 30, now=due(mirrors)) == ()
    assert not (mirrors / ".removed-x").exists()


def test_reading_a_repository_collects_by_the_setting(tmp_path: Path, settings: Settings) -> None:
    first, second = folders(tmp_path, 2)
    old = aged(read_repository(str(first), "HEAD", settings), 31)
    os.utime(old.parent / ".collected", (0, 0))
    read_repository(str(second), "HEAD", settings.model_copy(update={"mirror_days": 0}))
    assert old.exists()
    read_repository(str(second), "HEAD", settings)
    assert not old.exists()


def test_no_git_goes_on_after_its_output_was_not_wanted(repository: Path, tmp_path: Path) -> None:
    talk = "alias.talk=!echo $$; exec cat /dev/zero"
    numbers: list[int] = []

    def look_away() -> None:
        with reading(["-C", repository, "-c", talk, "talk"], home=tmp_path / "home", timeout=60) as stream:
            numbers.append(int(stream.readline()))
            raise InvalidInputError("enough")

    with pytest.raises(InvalidInputError, match="enough"):
        look_away()
    assert soon(lambda: subprocess.run(["ps", "-p", str(numbers[0])], capture_output=True, check=False).returncode != 0)
