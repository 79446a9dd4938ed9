"""The run as JSON: the fields of RunReport, in their order, every finding in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flows.reports import plain
from flows.reports.index import Index
from flows.reports.json_stream import Holes

if TYPE_CHECKING:
    from pydantic import JsonValue


def render(report: Index) -> Iterator[str]:
    """JSON that `RunReport.model_validate_json` reads back; addresses in it carry no credentials."""
    head = report.head
    repository = plain.address(head.repository) or head.repository
    counts = {"nodes": {"__all__": {"summary", "notes"}}}
    shown = head.model_copy(update={"repository": repository}).model_dump(mode="json", exclude=counts)
    holes = Holes()
    for at, node in enumerate(shown["nodes"]):
        said: dict[str, JsonValue] | None = node["report"]
        if said is None:
            continue
        if "findings" in said:
            said["findings"] = holes.of(found.model_dump(mode="json") for found in report.of_node(at, as_told=True))
        if "notes" in said:
            said["notes"] = holes.of(note.model_dump(mode="json") for note in report.notes(at))
    yield from holes.pieces(shown, indent=2)
