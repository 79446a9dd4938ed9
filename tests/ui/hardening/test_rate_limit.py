"""One client asks the API so often and no more, whichever replica it asks and whatever it says of itself."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from tests.conftest import missing
from tests.ui.hardening.apps import plain
from tests.ui.hardening.conftest import Serve
from ui.hardening.rate_window import RateWindow

REPLICA = """
import uvicorn
from tests.ui.hardening.apps import plain
from ui.hardening.server import server_config
from ui.hardening.stack import harden
from ui.settings import WebSettings
settings = WebSettings()
uvicorn.Server(server_config(harden(plain, settings), settings)).run()
"""


def test_the_limit_holds_on_the_api_alone_and_every_answer_there_says_what_is_left(serve: Serve) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{serve(plain, rate_limit='3/minute')}") as client:
        answers = [client.get("/api/x") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0"]
        assert {answer.headers["ratelimit-limit"] for answer in answers} == {"3"}
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {"3;w=60"}
        assert all("retry-after" not in answer.headers for answer in answers)

        refused = client.get("/api")
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert refused.headers["x-content-type-options"] == "nosniff"

        page = client.get("/apix")
        assert page.status_code == 200
        assert "ratelimit-limit" not in page.headers


def test_a_hundred_a_minute_unless_set(serve: Serve) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{serve(plain)}") as client:
        assert Counter(client.get("/api/x").status_code for _ in range(105)) == {200: 100, 429: 5}


def test_a_rotated_forwarded_address_does_not_help(serve: Serve) -> None:
    def statuses(port: int, forwarded: str) -> list[int]:
        ask = (httpx.get(f"http://127.0.0.1:{port}/api", headers={"X-Forwarded-For": forwarded % n}) for n in range(5))
        return [answer.status_code for answer in ask]

    assert statuses(serve(plain, rate_limit="3/minute"), "198.51.100.%d") == [200, 200, 200, 429, 429]
    behind = serve(plain, rate_limit="3/minute", trusted_proxies="127.0.0.1")
    # The proxy appends who asked it; what that one wrote in front changes nothing.
    assert statuses(behind, "198.51.100.%d, 203.0.113.7") == [200, 200, 200, 429, 429]
    # Another client of the same proxy has its own.
    assert httpx.get(f"http://127.0.0.1:{behind}/api", headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 200


def test_the_window_moves() -> None:
    async def scenario() -> list[bool]:
        window = RateWindow("2/second", "memory://")
        first = [(await window.hit("a")).allowed for _ in range(3)]
        limit = time.monotonic() + 10
        while not (await window.hit("a")).allowed:
            assert time.monotonic() < limit
            await asyncio.sleep(0.02)
        return [*first, (await window.hit("b")).allowed]

    assert asyncio.run(scenario()) == [True, True, False, True]


def test_many_at_once_are_counted_one_by_one() -> None:
    async def scenario() -> int:
        window = RateWindow("20/minute", "memory://")
        counts = await asyncio.gather(*(window.hit("a") for _ in range(50)))
        return sum(count.allowed for count in counts)

    assert asyncio.run(scenario()) == 20


class Redis:
    """A redis-server of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.program = shutil.which("redis-server") or missing("redis-server (Debian: redis-server)")
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        with redis.Redis.from_url(self.url) as client:
            wait_until(lambda: _answers(client))

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that answers."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@contextmanager
def replica(storage: str, rate: str) -> Iterator[str]:
    """A hub's process of its own; gives its address."""
    port = free_port()
    environment = {
        "DOCKYARD_PAGE_PORT": str(port),
        "DOCKYARD_RATE_LIMIT": rate,
        "DOCKYARD_RATE_LIMIT_STORAGE": storage,
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    process = subprocess.Popen([sys.executable, "-c", REPLICA], env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or _is_up(url))
        assert process.poll() is None
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.redis
def test_two_replicas_share_a_limit(shared: Redis) -> None:
    with replica(shared.url, "10/minute") as one, replica(shared.url, "10/minute") as other:
        answers = [httpx.get(f"{url}/api/x") for _ in range(8) for url in (one, other)]
        assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 6}
        assert [answer.status_code for answer in answers[:10]] == [200] * 10
        assert answers[9].headers["ratelimit-remaining"] == "0"


@pytest.mark.redis
def test_while_redis_is_away_a_replica_counts_alone_and_comes_back(
    shared: Redis, serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr("ui.hardening.rate_window.PAUSE", 0.5)
    port = serve(plain, rate_limit="3/minute", rate_limit_storage=shared.url)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/api").headers["ratelimit-remaining"] == "2"
        shared.stop()
        assert [client.get("/api").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        assert "counts alone" in caplog.text
        assert str(shared.port) not in caplog.text
        shared.start()  # empty: it kept nothing
        wait_until(lambda: client.get("/api").status_code == 200)


def test_a_redis_that_does_not_answer_costs_one_request_a_second_and_not_each(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = f"redis://:hidden@127.0.0.1:{silent.getsockname()[1]}"
        port = serve(plain, rate_limit="100/minute", rate_limit_storage=storage)
        began = time.monotonic()
        assert {httpx.get(f"http://127.0.0.1:{port}/api").status_code for _ in range(6)} == {200}
        assert time.monotonic() - began < 5
