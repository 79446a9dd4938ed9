"""Where finished runs' reports are kept: Prefect's result storage, which every worker and door can reach."""

from __future__ import annotations

from pathlib import PurePosixPath
from uuid import UUID

from prefect.filesystems import WritableFileSystem
from prefect.results import get_default_result_storage

from flows.errors import InvalidInputError, UnavailableError
from flows.reports.schema import RunReport


def _key(run_id: UUID, name: str) -> str:
    return str(PurePosixPath("dockyard") / "runs" / str(run_id) / name)


def _storage() -> WritableFileSystem:
    storage = get_default_result_storage(_sync=True)  # type: ignore[call-arg] # Prefect's dispatch argument
    if not isinstance(storage, WritableFileSystem):
        raise UnavailableError("Prefect's result storage cannot be written")
    return storage


def save(report: RunReport) -> None:
    """Keep `report` under its run's id."""
    _write(_key(UUID(report.run), "report.json"), report.model_dump_json().encode())


def load(run_id: UUID) -> RunReport:
    """The report of a finished run. Raises InvalidInputError when there is none."""
    content = _read(_key(run_id, "report.json"))
    if content is None:
        raise InvalidInputError(
            f"run {run_id} has no report; it is still going on, ended before its first node, "
            "or keeps its results where this machine cannot read them"
        )
    return RunReport.model_validate_json(content)


def pin(run_id: UUID, text: str) -> str:
    """The run's own definition: `text` when the run begins, and ever after what it began with."""
    key = _key(run_id, "workflow.yaml")
    pinned = _read(key)
    if pinned is not None:
        return pinned.decode()
    _write(key, text.encode())
    return text


def _write(key: str, content: bytes) -> None:
    # Prefect's dispatch: without `_sync` it answers a coroutine or a value, by who calls.
    _storage().write_path(key, content, _sync=True)  # type: ignore[call-arg, unused-coroutine]


def _read(key: str) -> bytes | None:
    try:
        content: bytes = _storage().read_path(key, _sync=True)  # type: ignore[call-arg, assignment]
    except (ValueError, FileNotFoundError):  # what storages raise for a path that holds nothing
        return None
    return content
