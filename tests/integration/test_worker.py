"""The worker type `dockyard` against a real server: outcomes, cancellation, crashes, limits."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.integration.conftest import PREFECT, WorkerProcess, Workers, until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

pytestmark = pytest.mark.prefect

POOL = "yard"
FLOWS = "worker_flows"
SOON = 90.0
"""Seconds within which anything that should happen happens on a busy machine."""
