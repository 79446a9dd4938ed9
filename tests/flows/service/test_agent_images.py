"""References to images: what is one, which registry it is of, and which registries are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from flows.service.agent_images import check_registry, parse_reference
from flows.settings import Settings

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository"),
    [
        ("counter", "docker.io", "counter"),
        ("team/counter:1.0", "docker.io", "team/counter"),
        ("registry.example.com/team/counter", "registry.example.com", "registry.example.com/team/counter"),
        ("localhost:5000/counter:v1_2", "localhost:5000", "localhost:5000/counter"),
        (f"ghcr.io/a/b-c__d@{DIGEST}", "ghcr.io", "ghcr.io/a/b-c__d"),
        (f"ghcr.io/a/b:1@{DIGEST}", "ghcr.io", "ghcr.io/a/b"),
    ],
)
def test_a_reference_has_a_registry_and_a_repository(text: str, registry: str, repository: str) -> None:
    found = parse_reference(text)
    assert (found.registry, found.repository, found.text) == (registry, repository, text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Counter", "team/", "/team", "team//x", "a b", "x:", "x@", "x@sha256:12", f"x@{DIGEST.upper()}", "-x", "x;rm",
        "https://example.com/x", "../x", "x/../y", "x\n", "ü", "a" * 600, f"{DIGEST}", "x:tag:tag", "registry.example.com/",
        "4f06b3e5", "deadbeef",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"names no image|may be the id"):
        parse_reference(text)


def test_only_allowed_registries_are_taken_where_some_are_named(tmp_path: Path) -> None:
    some = Settings(state_dir=tmp_path, agent_registries=("ghcr.io", "localhost:5000"))
    for text in ("ghcr.io/a/b", "localhost:5000/x"):
        check_registry(parse_reference(text), some)
    for text in ("a/b", "ghcr.io.evil.org/a/b", "localhost:5001/x", "docker.io/ghcr.io"):
        with pytest.raises(InvalidInputError, match=r"come from ghcr\.io, localhost:5000 alone"):
            check_registry(parse_reference(text), some)
    check_registry(parse_reference("a/b"), Settings(state_dir=tmp_path))
