"""Where finished runs' reports are kept: Prefect's result storage, which every worker and door can reach."""

from __future__ import annotations

from pathlib import PurePosixPath
from uuid import UUID

from prefect.context import FlowRunContext
from prefect.filesystems import WritableFileSystem
from prefect.results import get_default_result_storage
from pydantic import Field

from agents.contract.schema import Frozen
from flows.definition.declared import PinnedAgent
from flows.errors import UnavailableError, UnknownError
from flows.reports.schema import RunReport


def _key(run_id: UUID, name: str) -> str:
    return str(PurePosixPath("dockyard") / "runs" / str(run_id) / name)


def _storage() -> WritableFileSystem:
    # In a run it is the one that the flow began with: the server, asked for its default, may be busy with the run's events.
    context = FlowRunContext.get()
    storage = None if context is None else context.result_store.result_storage
    if storage is None:
        storage = get_default_result_storage(_sync=True)  # type: ignore[call-arg, assignment] # Prefect's dispatch argument
    if not isinstance(storage, WritableFileSystem):
        raise UnavailableError("Prefect's result storage cannot be written")
    return storage


def save(report: RunReport) -> None:
    """Keep `report` under its run's id."""
    _write(_key(UUID(report.run), "report.json"), report.model_dump_json().encode())


def load(run_id: UUID) -> RunReport:
    """The report of a finished run. Raises UnknownError when there is none."""
    return RunReport.model_validate_json(content(run_id))


def content(run_id: UUID) -> bytes:
    """The report of a finished run as it is kept, in JSON. Raises UnknownError when there is none."""
    found = _read(_key(run_id, "report.json"))
    if found is None:
        raise unreported(run_id)
    return found


def unreported(run_id: UUID) -> UnknownError:
    """What is said of a run without a report, and of one of which who asks shall not know."""
    return UnknownError(
        f"run {run_id} has no report; it is still going on, ended before its first node, "
        "or keeps its results where this machine cannot read them"
    )


def keep(run: str, name: str, content: bytes) -> None:
    """Keep a file beside a run's report."""
    _write(_key(UUID(run), name), content)


def kept(run: str, name: str) -> bytes | None:
    """A file that was kept beside a run's report; None when there is none."""
    return _read(_key(UUID(run), name))


class Pinned(Frozen):
    """What a run began with: its workflow's text, by name those of the workflows that it runs, and registered agents."""

    text: str
    library: dict[str, str] = Field(default_factory=dict)
    agents: dict[str, PinnedAgent] = Field(default_factory=dict)


def pin(run_id: UUID, began: Pinned) -> None:
    """Keep what the run began with, in one piece: it is there as a whole, or the run begins anew."""
    _write(_key(run_id, "workflow.json"), began.model_dump_json().encode())


def pinned(run_id: UUID) -> Pinned | None:
    """What the run began with; None when it has not begun."""
    known = _read(_key(run_id, "workflow.json"))
    return None if known is None else Pinned.model_validate_json(known)


def pin_commit(run_id: UUID, commit: str) -> None:
    """Keep which commit the run began with."""
    _write(_key(run_id, "commit.txt"), commit.encode())


def pinned_commit(run_id: UUID) -> str | None:
    """The commit that the run began with; None when it has not begun."""
    known = _read(_key(run_id, "commit.txt"))
    return None if known is None else known.decode()


def _write(key: str, content: bytes) -> None:
    storage = _storage()
    try:
        # Prefect's dispatch: without `_sync` it answers a coroutine or a value, by who calls.
        storage.write_path(key, content, _sync=True)  # type: ignore[call-arg, unused-coroutine]
    except Exception as error:
        raise _away(error) from error


def _read(key: str) -> bytes | None:
    storage = _storage()
    try:
        content: bytes = storage.read_path(key, _sync=True)  # type: ignore[call-arg, assignment]
    except (ValueError, FileNotFoundError):  # what storages raise for a path that holds nothing
        return None
    except Exception as error:
        raise _away(error) from error
    return content


def _away(error: Exception) -> UnavailableError:
    """Each storage has errors of its own."""
    return UnavailableError(f"Prefect's result storage does not answer ({type(error).__name__}: {error})")
