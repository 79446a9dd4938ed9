"""What a person gives as a repository: told apart, shown without credentials, refused with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from flows.workspace import ADDRESS_SCHEMA_PATTERN, display, folder_of

WITH_CREDENTIALS = [
    "https://ann:hunter2@example.org/x.git",
    "https://hunter2@example.org:8443/x.git",
    "HTTPS://hunter2@example.org/x.git",
    "http://ann:hunter2@[::1]:80/x",
    "https://ann:hunt@er2@example.org/x",
    "https://ann:@example.org/x",
    "https://example.org/x.git?token=hunter2",
    "ssh://git:hunter2@example.org/x.git",
    "file://ann:hunter2@localhost/x",
    "gopher://ann:hunter2@example.org/x",
]
WITHOUT = [
    "https://example.org/x.git",
    "https://example.org:8443/@scope/a:b@c.git",
    "ssh://git@example.org:22/x.git",
    "git@example.org:team/x.git",
    "file:///srv/a@b/x.git",
    "/srv/a@b:c/x",
    ".",
]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://ann:hunter2@example.org/x.git", "https://example.org/x.git"),
        ("https://hunter2@example.org:8443/x.git", "https://example.org:8443/x.git"),
        ("https://example.org/x.git?token=hunter2#hunter2", "https://example.org/x.git"),
        ("ssh://git@example.org:22/x.git", "ssh://example.org:22/x.git"),
        ("https://ann:hunter2@[::1]:80/x", "https://[::1]:80/x"),
        ("https://ann:hunter2@example.org:port/x", "https://example.org:port/x"),
        ("HTTPS://ann:hunter2@example.org/x", "https://example.org/x"),
        ("git@example.org:team/x.git", "git@example.org:team/x.git"),
        ("/some/where", "/some/where"),
    ],
)
def test_credentials_are_never_displayed(given: str, shown: str) -> None:
    assert display(given) == shown


@pytest.mark.parametrize("url", WITH_CREDENTIALS)
def test_a_url_with_credentials_is_refused_with_the_way_to_do_it(url: str) -> None:
    with pytest.raises(InvalidInputError, match=r"has credentials in it.*DOCKYARD_GIT_CREDENTIALS") as caught:
        folder_of(url)
    assert "hunter2" not in str(caught.value)
    assert not re.search(ADDRESS_SCHEMA_PATTERN, url)


@pytest.mark.parametrize("given", WITHOUT)
def test_the_schemas_pattern_lets_others_through(given: str) -> None:
    assert re.search(ADDRESS_SCHEMA_PATTERN, given)


@pytest.mark.parametrize("url", [given for given in WITHOUT if ":" in given and not given.startswith("/")])
def test_a_url_is_no_folder(url: str) -> None:
    assert folder_of(url) is None


def test_a_folder_is_given_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x").mkdir()
    assert folder_of("~/x") == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    assert folder_of("x") == tmp_path / "x"


def test_a_home_of_nobody_is_one_sentence() -> None:
    with pytest.raises(InvalidInputError, match="there is no repository at '~no-such-user/x'"):
        folder_of("~no-such-user/x")
