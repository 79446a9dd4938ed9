"""Reports in the Prefect UI: the run's as a whole, and each node's with a table of its findings.

They are sent in the background over one connection, as Prefect sends logs and events: a node that is done does not wait
for its page, and the nodes that run have the processor and the server first. The process does not end before all are
sent; what counts is the archive, which is written before.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.context import TaskRunContext
from prefect.exceptions import PrefectException

from flows.reports import index_file, markdown
from flows.reports.schema import RunReport

log = logging.getLogger(__name__)

ROWS_PER_TABLE = 2000
"""The UI stays usable and one request small; further rows go to further tables."""

REST = 20.0
"""While the run goes on: how long to rest after sending a report, in times of what that took."""

_Making = Callable[[], Iterator[ArtifactCreate]]


class Artifacts:
    """The artifacts of one flow run. Close it, or the process never ends."""

    def __init__(self, flow_run: UUID) -> None:
        self._flow_run = flow_run
        self._queue: queue.SimpleQueue[_Making | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        # No daemon: the interpreter waits for it at its end.
        self._thread = threading.Thread(target=self._send_all, name="artifacts")
        self._thread.start()

    def publish(self, run: RunReport) -> None:
        """Publish the report of a run's one node as artifacts of the current task run: every finding is in a table."""
        context = TaskRunContext.get()
        task_run = None if context is None else context.task_run.id
        self._queue.put(lambda: self._of_node(run, task_run))

    def publish_run(self, run: RunReport) -> None:
        """Publish the whole run's report as an artifact of the flow run: every node, its facts and findings."""
        self._queue.put(lambda: self._of_run(run))

    def close(self) -> None:
        """Nothing more comes; does not wait for what is still to be sent."""
        self._queue.put(None)
        self._closed.set()

    def wait(self) -> None:
        """Wait until all is sent, after `close`."""
        self._thread.join()

    def _send_all(self) -> None:
        with get_client(sync_client=True) as client:
            while (making := self._queue.get()) is not None:
                start = time.monotonic()
                self._send(client, making)
                self._closed.wait(REST * (time.monotonic() - start))

    def _send(self, client: SyncPrefectClient, making: _Making) -> None:
        try:
            for artifact in making():
                # Not `create_artifact`, which also tells of it as an event, and events end before this thread does.
                client.request("POST", "/artifacts/", json=artifact.model_dump(mode="json", exclude_unset=True))
        except (HTTPError, PrefectException) as error:
            log.warning("A report could not be shown in Prefect, the run's own report has it: %s", error)

    def _of_run(self, run: RunReport) -> Iterator[ArtifactCreate]:
        with index_file.opened(run) as index:
            yield self._markdown(_key(run.workflow), "".join(markdown.render(index)), "Report of the run", None)

    def _of_node(self, run: RunReport, task_run: UUID | None) -> Iterator[ArtifactCreate]:
        with index_file.opened(run) as index:
            (node,) = index.head.nodes
            key = _key(f"{run.workflow}-{node.node}")
            yield self._markdown(key, markdown.node_markdown(index, 0), f"Report of {node.agent}", task_run)
            tables = -(-node.summary.total // ROWS_PER_TABLE)
            rows = map(markdown.table_row, index.of_node(0))
            for number in range(1, tables + 1):
                yield ArtifactCreate(
                    key=f"{key}-findings" + (f"-{number}" if number > 1 else ""),
                    type="table",
                    description=f"Findings of {node.agent}, table {number} of {tables}",
                    data=json.dumps(list(islice(rows, ROWS_PER_TABLE))),
                    flow_run_id=self._flow_run,
                    task_run_id=task_run,
                )

    def _markdown(self, key: str, text: str, description: str, task_run: UUID | None) -> ArtifactCreate:
        return ArtifactCreate(
            key=key, type="markdown", description=description, data=text, flow_run_id=self._flow_run, task_run_id=task_run
        )


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
