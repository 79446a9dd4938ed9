"""What the tests of commands over a workspace share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.settings import settings


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No setting of this machine, and a state folder of its own, which is this."""
    for name in [name for name in os.environ if name.startswith(("DOCKYARD_", "PREFECT_"))]:
        if name != "DOCKYARD_SEMGREP_HOME":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))  # no profile of this machine's names a server
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    yield tmp_path / "state"
    settings.cache_clear()
