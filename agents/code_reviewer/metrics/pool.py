"""Measuring many files, on several cores where that is possible and pays."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from itertools import batched
from pathlib import Path

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.metrics.measure import measure
from agents.contract.schema import Note
from agents.contract.workspace import Workspace

SERIAL_UP_TO = 400
"""Files that one process measures faster than further ones start."""

_BATCH = 40
_MOST_WORKERS = 4

Batch = tuple[tuple[FileFigures, ...], tuple[Note, ...]]
