"""Settings of the page and the API come from the environment, and what can't be used is told without repeating it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from ui.settings import WebSettings


def test_each_is_read_from_a_variable_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,192.0.2.7")
    monkeypatch.setenv("DOCKYARD_RATE_LIMIT", "10 per second")
    monkeypatch.setenv("DOCKYARD_PAGE_PORT", "8080")
    read = WebSettings()
    assert read.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.7"))
    assert read.rate_limit == "10 per second"
    assert read.page_port == 8080


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:7860"),
        ({"page_host": "::1", "page_port": 80}, "http://[::1]:80"),
        ({"page_url": "https://dockyard.example.org/"}, "https://dockyard.example.org"),
    ],
)
def test_links_begin_with_the_public_address(given: dict[str, str | int], expected: str) -> None:
    assert WebSettings(**given).public_url == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("RATE_LIMIT", "hidden"),
        ("RATE_LIMIT_STORAGE", "ftp://:hidden@host"),
        ("PAGE_URL", "javascript:hidden"),
        ("PAGE_URL", "hidden.example.org"),
        ("MAX_BODY_MB", "0"),
        ("MAX_JSON_DEPTH", "100000"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"DOCKYARD_{variable}", value)
    with pytest.raises(ValidationError) as caught:
        WebSettings()
    assert variable.lower() in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_the_address_of_redis_is_never_shown() -> None:
    assert "hidden" not in repr(WebSettings(rate_limit_storage="redis://:hidden@host"))
