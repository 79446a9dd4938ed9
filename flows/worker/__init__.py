"""Dockyard's own Prefect worker type: runs are forked from a process that has everything imported.

Prefect finds `DockyardWorker` here through the `prefect.collections` entry point.
"""

from flows.worker.configuration import DockyardJobConfiguration, DockyardVariables, DockyardWorkerResult
from flows.worker.worker import DockyardWorker

__all__ = ["DockyardJobConfiguration", "DockyardVariables", "DockyardWorker", "DockyardWorkerResult"]
