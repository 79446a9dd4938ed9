"""Measuring on several cores gives what one core gives, and works where several cannot be had."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from agents.code_reviewer.metrics import pool
from agents.code_reviewer.metrics.measure import Choices
from agents.contract.workspace import Workspace


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    names = [f"m{number:03}.py" for number in range(90)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(f"def f{number}(a):\n    return a\n")
    (tmp_path / "m001.py").write_bytes(b"\xff\xfe\n")
    return names


def test_processes_and_one_process_agree(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Workspace(tmp_path)
    serial = pool.measure_all(alone, files, Choices())
    monkeypatch.setattr(pool, "SERIAL_UP_TO", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    shared = Workspace(tmp_path)
    assert pool.measure_all(shared, files, Choices()) == serial
    assert len(serial) == 89
    assert shared.notes == alone.notes != ()


@pytest.mark.parametrize("error", [OSError("no semaphores"), ImportError("sem_open"), RuntimeError("can't start")])
def test_goes_on_in_one_process(error: Exception, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(ProcessPoolExecutor):
        def __init__(self, *_: object, **__: object) -> None:
            raise error

    monkeypatch.setattr(pool, "SERIAL_UP_TO", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(pool, "ProcessPoolExecutor", Refused)
    assert len(pool.measure_all(Workspace(tmp_path), files, Choices())) == 89
