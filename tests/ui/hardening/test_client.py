"""The client's address is what trusted proxies say, and nobody else."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import httpx
import pytest

from tests.ui.hardening.apps import fastapi
from tests.ui.hardening.conftest import Serve
from ui.hardening.client import client_key, furthest_known, read_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "hops", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1", " 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["1.1.1.1", "unknown", "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["1.1.1.1", ""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:5555"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    ],
)
def test_hops_are_read_from_the_right_up_to_the_first_that_is_no_proxy(peer: str, hops: list[str], client: str) -> None:
    assert furthest_known(ip_address(peer), hops, PROXIES) == ip_address(client)


@pytest.mark.parametrize("text", ["", "unknown", "1.2.3", "1.2.3.4.5", "a:b", "[::1", "-"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) in {None, ip_address("::1")}
    assert (read_address(text) is None) == (text != "[::1")


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    keys = {client_key({"client": (f"2001:db8:0:1::{number:x}", 1)}) for number in range(5)}
    assert keys == {"2001:db8:0:1::/64"}
    assert client_key({"client": ("2001:db8:0:2::1", 1)}) != keys.pop()
    assert client_key({"client": ("::ffff:198.51.100.1", 1)}) == "198.51.100.1"
    assert client_key({}) == "unknown"


FORGED = {
    "X-Forwarded-For": "198.51.100.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "198.51.100.1",
    "Forwarded": "for=198.51.100.1",
    "X-Request-ID": "chosen-by-me-0001",
}


def test_a_stranger_forges_neither_address_nor_scheme_nor_id(serve: Serve) -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve(fastapi())}/api/seen", headers=FORGED)
    seen = answer.json()
    assert (seen["client"], seen["scheme"]) == ("127.0.0.1", "http")
    assert [name for name in seen["headers"] if "forward" in name or "real" in name] == []
    assert answer.headers["x-request-id"] not in {"", FORGED["X-Request-ID"]}
    assert "strict-transport-security" not in answer.headers


def test_a_trusted_proxy_says_all_three(serve: Serve) -> None:
    port = serve(fastapi(), trusted_proxies="127.0.0.0/8, ::1")
    answer = httpx.get(f"http://127.0.0.1:{port}/api/seen", headers=FORGED)
    assert (answer.json()["client"], answer.json()["scheme"]) == ("198.51.100.1", "https")
    assert answer.headers["x-request-id"] == FORGED["X-Request-ID"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("name", ["short", "x" * 65, "with space", 'quo"te-name', "-leading-dash"])
def test_a_proxys_id_that_could_forge_a_line_is_replaced(serve: Serve, name: str) -> None:
    port = serve(fastapi(), trusted_proxies="127.0.0.1")
    answer = httpx.get(f"http://127.0.0.1:{port}/api/seen", headers={"X-Request-ID": name})
    assert answer.headers["x-request-id"] != name
    assert len(answer.headers["x-request-id"]) == 32
