"""Private repositories over HTTP: git's own server behind a password, and a file with the password."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from flows.workspace import Checkout, Reach, check_out
from tests.flows.workspace.conftest import commit, git

PASSWORD = "hunter2/%40"
REACH = Reach(schemes=("http",), private_hosts=("127.0.0.1",))


class _Door(BaseHTTPRequestHandler):
    """`git http-backend` for whoever knows the password; everybody else hears 401."""

    root: Path

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        wanted = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "ann",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class names it
        """Say nothing."""


@pytest.fixture
def address(repository: Path, tmp_path: Path) -> Iterator[str]:
    """`host:port` at which `repository` is served as `team/x.git`."""
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "served/team/x.git")
    door = type("Door", (_Door,), {"root": tmp_path / "served"})
    with ThreadingHTTPServer(("127.0.0.1", 0), door) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def credentials(address: str, tmp_path: Path) -> Path:
    """A file with the password, in a folder whose name needs quoting."""
    file = tmp_path / "ann's files" / "git-credentials"
    file.parent.mkdir()
    file.write_text(f"https://bob:x@example.org\nhttp://ann:hunter2%2f%2540@{address}\n", encoding="utf-8")
    file.chmod(0o600)
    return file


def fetched(address: str, state: Path, credentials: Path | None, ref: str = "HEAD") -> Checkout:
    """A checkout of the served repository."""
    return check_out(f"http://{address}/team/x.git", ref, state_dir=state, timeout=60, credentials=credentials, reach=REACH)


def test_the_file_lets_git_in_and_stays_as_it_is(address: str, credentials: Path, repository: Path, tmp_path: Path) -> None:
    before = (credentials.read_bytes(), credentials.stat().st_mtime_ns, credentials.stat().st_ino)
    found = fetched(address, tmp_path / "state", credentials)
    assert found.commit == git(repository, "rev-parse", "HEAD")
    assert found.repository == f"http://{address}/team/x.git"
    assert (credentials.read_bytes(), credentials.stat().st_mtime_ns, credentials.stat().st_ino) == before
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert kept == []


def test_a_commit_that_no_branch_reaches_is_fetched_with_it_too(
    address: str, credentials: Path, repository: Path, tmp_path: Path
) -> None:
    lost = commit(repository, "lost")
    served = tmp_path / "served" / "team" / "x.git"
    git(served, "fetch", "--quiet", str(repository), "HEAD")
    git(served, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert fetched(address, tmp_path / "state", credentials, lost).commit == lost


def test_without_the_file_the_way_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="for a private repository set DOCKYARD_GIT_CREDENTIALS"):
        fetched(address, tmp_path / "state", None)


def test_a_password_that_is_refused_stays_in_the_file(address: str, credentials: Path, tmp_path: Path) -> None:
    credentials.write_text(f"http://ann:wrong@{address}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="Authentication failed") as caught:
        fetched(address, tmp_path / "state", credentials)
    assert "wrong" not in str(caught.value)
    assert credentials.read_text(encoding="utf-8") == f"http://ann:wrong@{address}\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(address: str, credentials: Path, tmp_path: Path, mode: int) -> None:
    credentials.chmod(mode)
    with pytest.raises(InvalidInputError, match=r"DOCKYARD_GIT_CREDENTIALS: others may read .*chmod 600"):
        fetched(address, tmp_path / "state", credentials)


def test_a_file_that_is_not_there_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"DOCKYARD_GIT_CREDENTIALS: .*/gone: No such file"):
        fetched(address, tmp_path / "state", tmp_path / "gone")
    with pytest.raises(InvalidInputError, match="is not a file"):
        fetched(address, tmp_path / "state", tmp_path)


def test_a_folder_needs_no_file(repository: Path, tmp_path: Path) -> None:
    found = check_out(str(repository), "HEAD", state_dir=tmp_path / "state", timeout=60, credentials=tmp_path / "gone")
    assert found.commit == git(repository, "rev-parse", "HEAD")
