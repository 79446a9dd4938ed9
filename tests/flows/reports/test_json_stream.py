"""JSON in pieces is JSON as it would be written at once."""

from __future__ import annotations

import pytest
from pydantic import JsonValue
from pydantic_core import to_json

from flows.reports.json_stream import Holes


@pytest.mark.parametrize("indent", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1200])
def test_a_list_is_written_as_if_it_stood_there(count: int, indent: int) -> None:
    items: list[JsonValue] = [{"number": number, "inner": [{"a": "b\nc"}], "none": []} for number in range(count)]
    holes = Holes()
    document: JsonValue = {"deep": {"list": holes.of(iter(items)), "after": 1}, "again": [holes.of([1, 2])]}
    whole = {"deep": {"list": items, "after": 1}, "again": [[1, 2]]}
    assert "".join(holes.pieces(document, indent)) == to_json(whole, indent=indent).decode() + "\n"


def test_no_text_can_claim_a_place() -> None:
    holes = Holes()
    document: JsonValue = {"text": '"x:0"', "list": holes.of(['":0"', "\x9b"])}
    written = "".join(holes.pieces(document, 1))
    assert written == '{\n "text": "\\"x:0\\"",\n "list": [\n  "\\":0\\"",\n  "\\u009b"\n ]\n}\n'
