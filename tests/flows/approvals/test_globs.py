"""Patterns of paths."""

from __future__ import annotations

import pytest

from flows.approvals.globs import any_matches


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("deployments/**", "deployments/a.yaml"),
        ("deployments/**", "deployments/a/b/c.yaml"),
        ("deployments/", "deployments/a/b/c.yaml"),
        ("**/secrets/*", "secrets/key"),
        ("**/secrets/*", "a/b/secrets/key"),
        ("*.tf", "a/b/main.tf"),
        ("Dockerfile", "web/Dockerfile"),
        ("/Dockerfile", "Dockerfile"),
        ("a/?.txt", "a/b.txt"),
        ("a/[b].txt", "a/[b].txt"),
        ("a/**", "a/with\nnewline"),
    ],
)
def test_fits(pattern: str, path: str) -> None:
    assert any_matches([pattern], ["other", path])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("deployments/**", "Deployments/a.yaml"),
        ("deployments/**", "old/deployments/a.yaml"),
        ("deployments/*", "deployments/a/b.yaml"),
        ("/Dockerfile", "web/Dockerfile"),
        ("*.tf", "main.tf.bak"),
        ("a/?.txt", "a//.txt"),
        ("a.b", "aXb"),
    ],
)
def test_does_not_fit(pattern: str, path: str) -> None:
    assert not any_matches([pattern], [path])
