"""The agents there are. Adding one is adding its line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from agents.contract.manifest import Manifest

AGENTS = (
    "code_reviewer",
    "compliance_checker",
    "notifier",
    "patcher",
    "security_scanner",
)
"""Packages under `agents`; each has a `schema.py` with `MANIFEST`."""


@cache
def catalog() -> dict[str, Manifest]:
    """Name → manifest of every agent, by name."""
    manifests: list[Manifest] = [import_module(f"agents.{package}.schema").MANIFEST for package in AGENTS]
    return {manifest.name: manifest for manifest in manifests}
