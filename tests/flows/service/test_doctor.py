"""`dockyard doctor` tells whether this engine holds the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from agents.contract.manifest import Isolation, Limits
from flows.runtime import sandbox
from flows.service import examine
from flows.settings import Settings

pytestmark = pytest.mark.engine


def test_an_engine_that_holds_every_limit_is_well(agent_image: str, settings: Settings) -> None:
    checks = {check.part: check for check in examine(settings)}
    assert checks["sandbox"].ok, checks["sandbox"].found
    assert not checks["gVisor"].needed


def test_an_engine_that_drops_limits_is_named_with_them(
    agent_image: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sandbox.hardening

    def without(limits: Limits, isolation: Isolation = Isolation.ANY) -> sandbox.Hardening:
        dropped: dict[str, Any] = {"read_only": False, "ulimits": []}
        return {**real(limits, isolation), **dropped}  # type: ignore[typeddict-item]  # what such an engine makes of it

    monkeypatch.setattr(sandbox, "hardening", without)
    (check,) = [check for check in examine(settings) if check.part == "sandbox"]
    assert check.needed
    assert not check.ok
    assert check.found == "does not hold: read-only root, open files, size of a file, core dumps"
    assert "sandbox.md#checks" in check.remedy
