"""Where finished runs' reports are kept: Prefect's result storage, which every worker and door can reach.

Beside `report.json`, which is the report, stand two files that make it quick to read: its figures, and its index.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import shutil
import sqlite3
import tempfile
import threading
import time
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath
from uuid import UUID

from prefect.context import FlowRunContext
from prefect.filesystems import WritableFileSystem
from prefect.results import get_default_result_storage
from prefect.settings import get_current_settings
from pydantic import Field, ValidationError

from agents.contract.schema import Frozen
from flows.definition.declared import PinnedAgent
from flows.errors import InvalidInputError, UnavailableError, UnknownError
from flows.reports import index_file
from flows.reports.glance import Glance
from flows.reports.schema import RunReport

log = logging.getLogger(__name__)

_KNOWN_SECONDS = 10.0
"""How long the server is not asked again for its default storage: a page reads the figures of many runs."""
_REPORT, _GLANCE = "report.json", "glance.json"


def _key(run_id: UUID, name: str) -> str:
    return str(PurePosixPath("dockyard") / "runs" / str(run_id) / name)


def _storage() -> WritableFileSystem:
    # In a run it is the one that the flow began with: the server, asked for its default, may be busy with the run's events.
    context = FlowRunContext.get()
    storage = None if context is None else context.result_store.result_storage
    if storage is None:
        known = get_current_settings()
        storage = _default(known.api.url, known.results.local_storage_path, int(time.monotonic() / _KNOWN_SECONDS))
    if not isinstance(storage, WritableFileSystem):
        raise UnavailableError("Prefect's result storage cannot be written")
    return storage


@lru_cache(maxsize=4)
def _default(server: str | None, folder: Path, moment: int) -> WritableFileSystem:  # noqa: ARG001 — what it depends on
    return get_default_result_storage(_sync=True)  # type: ignore[call-arg, return-value] # Prefect's dispatch argument


def save(report: RunReport) -> None:
    """Keep `report` under its run's id, and its figures beside it."""
    storage, run_id = _storage(), UUID(report.run)
    figures = Glance.model_validate(report, from_attributes=True).model_dump_json().encode()
    _write(_key(run_id, _REPORT), report.model_dump_json().encode(), storage)
    _write(_key(run_id, _GLANCE), figures, storage)
    # No daemon: the process ends when it is kept.
    threading.Thread(target=_save_index, args=(report, _index(_stamp(figures)), storage), name="index").start()


def _save_index(report: RunReport, name: str, storage: WritableFileSystem) -> None:
    """Keep what opens `report` quickly. The run does not wait for it: whoever opens the report sooner makes it anew."""
    try:
        with tempfile.TemporaryDirectory(prefix="dockyard-report-") as folder:
            path = Path(folder) / "report.db"
            index_file.write(report, path)
            packed = io.BytesIO()
            with path.open("rb") as content, gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as target:
                shutil.copyfileobj(content, target)
            _write(_key(UUID(report.run), name), packed.getvalue(), storage)
    except (OSError, sqlite3.Error, UnavailableError) as error:
        log.warning("The index of the report could not be kept, whoever opens it first makes it: %s", error)


def fetch(run_id: UUID, stamp: str, path: Path) -> None:
    """Write the index of that run's report to `path`, a new file. Raises UnknownError when there is no report."""
    packed = kept(str(run_id), _index(stamp)) or b""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        whole = bool(packed)
    except (EOFError, gzip.BadGzipFile, zlib.error):  # a storage may give what is being written
        whole = False
    if not whole:
        path.unlink(missing_ok=True)
        index_file.write_kept(content(run_id), path)


def stamp(run_id: UUID) -> str:
    """Tells a run's report from the one that it has when it was tried again. Raises UnknownError when there is none."""
    return _stamp(_figures(run_id))


def glance(run_id: UUID) -> Glance | None:
    """The figures of that run; None where it has no report that can be read here."""
    try:
        return Glance.model_validate_json(_figures(run_id))
    except InvalidInputError:
        return None
    except ValidationError as error:  # its process was killed while it wrote: the others' reports are still there
        log.warning("The figures of the run %s cannot be read: %s", run_id, error.error_count())
        return None


def _figures(run_id: UUID) -> bytes:
    """The figures as they are kept; the whole report where it was written before there were any."""
    return kept(str(run_id), _GLANCE) or content(run_id)


def _stamp(figures: bytes) -> str:
    return hashlib.sha256(figures).hexdigest()[:16]


def _index(stamp: str) -> str:
    return f"index-{index_file.VERSION}-{stamp}.db.gz"


def load(run_id: UUID) -> RunReport:
    """The report of a finished run. Raises UnknownError when there is none."""
    return RunReport.model_validate_json(content(run_id))


def content(run_id: UUID) -> bytes:
    """The report of a finished run as it is kept, in JSON. Raises UnknownError when there is none."""
    found = kept(str(run_id), _REPORT)
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


def _write(key: str, content: bytes, storage: WritableFileSystem | None = None) -> None:
    storage = storage or _storage()
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
