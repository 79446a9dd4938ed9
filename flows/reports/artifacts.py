"""Reports in the Prefect UI: the run's as a whole, and each node's with a table of its findings."""

from __future__ import annotations

import re

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.reports import markdown
from flows.reports.schema import NodeReport, RunReport

ROWS_PER_TABLE = 2000
"""The UI stays usable and one request small; further rows go to further tables."""


def publish(run: RunReport, node: NodeReport) -> None:
    """Publish `node`'s report as artifacts of the current task run. Every finding is in one of the tables."""
    key = _key(f"{run.workflow}-{node.node}")
    create_markdown_artifact(markdown=markdown.node_markdown(run, node), key=key, description=f"Report of {node.agent}")
    rows = markdown.node_table(node)
    starts = range(0, len(rows), ROWS_PER_TABLE)
    for number, start in enumerate(starts, 1):
        create_table_artifact(
            rows[start : start + ROWS_PER_TABLE],
            key=f"{key}-findings" + (f"-{number}" if number > 1 else ""),
            description=f"Findings of {node.agent}, table {number} of {len(starts)}",
        )


def publish_run(run: RunReport) -> None:
    """Publish the whole run's report as an artifact of the current flow run: every node, its facts and findings."""
    create_markdown_artifact(markdown=markdown.render(run), key=_key(run.workflow), description="Report of the run")


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
