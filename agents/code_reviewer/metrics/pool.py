"""Measuring many files, on several cores where that is possible and pays."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.metrics.measure import Choices, measure
from agents.contract.schema import Note
from agents.contract.workspace import Workspace

log = logging.getLogger(__name__)

SERIAL_UP_TO = 400
"""Files that one process measures sooner than further ones are started."""

_BATCH = 40
_MOST_WORKERS = 4

Batch = tuple[tuple[FileFigures, ...], tuple[Note, ...]]


def measure_all(workspace: Workspace, files: Sequence[str], choices: Choices) -> list[FileFigures]:
    """The figures of `files` in their order; what could not be measured is left out, with a note in `workspace`."""
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    workers = min(_MOST_WORKERS, os.cpu_count() or 1) if len(files) > SERIAL_UP_TO else 1
    measured: list[FileFigures] = []
    for figures, notes in _run(workspace.root, batches, choices, workers):
        measured.extend(figures)
        for note in notes:
            workspace.note(note.kind, note.file, note.detail)
    return measured


def _run(root: Path, batches: Sequence[Sequence[str]], choices: Choices, workers: int) -> Iterator[Batch]:
    done = 0
    if workers > 1:
        try:
            for batch in _parallel(root, batches, choices, workers):
                yield batch
                done += 1
        except (BrokenExecutor, OSError, ImportError, RuntimeError) as error:
            # No semaphores without /dev/shm, no process beyond the pids limit: one process does the rest, only later.
            log.info("measuring in one process: %s: %s", type(error).__name__, error)
    if done < len(batches):
        yield from (measure_batch(root, batch, choices) for batch in batches[done:])


def _parallel(root: Path, batches: Sequence[Sequence[str]], choices: Choices, workers: int) -> Iterator[Batch]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures: list[Future[Batch]] = [pool.submit(measure_batch, root, batch, choices) for batch in batches]
        for future in futures:
            yield future.result()


def measure_batch(root: Path, files: Sequence[str], choices: Choices) -> Batch:
    """Measure `files` in whatever process this is; the notes go back with the figures."""
    workspace = Workspace(root)
    figures = tuple(found for file in files if (found := measure(workspace, file, choices)) is not None)
    return figures, workspace.notes
