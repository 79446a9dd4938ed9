"""What comes back from an agent is read with distrust."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from agents.catalog import catalog
from agents.contract.schema import RunInfo
from flows.errors import NodeFailedError
from flows.runtime import Job
from flows.runtime.protocol import MAX_LINE_BYTES, MAX_LOG_BYTES, StderrLines, read_result, refuse_unmet, request_line
from tests.flows.runtime.acting import MANIFEST

GOOD = {"contract": 1, "agent": "acting", "version": "1.2.3", "report": {"said": "hello"}}


def job(**params: str) -> Job:
    return Job(MANIFEST, dict(params), RunInfo(run="r", node="n"), 5.0, lambda _level, _line: None)


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def test_the_request_is_one_line() -> None:
    written = request_line(job(act="log", text="two\nlines"), "/workspace")
    assert written.count(b"\n") == 1
    assert written.endswith(b"\n")
    request = json.loads(written)
    assert request["params"] == {"act": "log", "text": "two\nlines"}
    assert (request["agent"], request["workspace"], request["run"]["node"]) == ("acting", "/workspace", "n")
    assert "changes" not in request


def test_only_an_agent_that_wants_the_history_is_told_of_it() -> None:
    asked = replace(job(), manifest=MANIFEST.model_copy(update={"history": True}), changes={"a.py": 2})
    assert json.loads(request_line(asked, "/workspace"))["changes"] == {"a.py": 2}


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"network": ("hooks.example.org",)}, "network to hooks.example.org"),
        ({"secrets": ("token", "key")}, "the secrets token, key"),
    ],
)
def test_an_agent_that_asks_for_what_nobody_gives_is_refused(wish: dict[str, object], named: str) -> None:
    with pytest.raises(NodeFailedError, match=f"^acting asks for {named}, which no runtime of this version gives$"):
        refuse_unmet(MANIFEST.model_copy(update=wish))


def test_every_agent_of_the_catalog_asks_for_what_there_is() -> None:
    for manifest in catalog().values():
        refuse_unmet(manifest)


@pytest.mark.parametrize("output", [line(), line().strip(), b"\n\n" + line() + b"\n"])
def test_reads_a_result(output: bytes) -> None:
    assert read_result(job(), output, 0, "").report == {"said": "hello"}


def test_reads_a_failure_as_the_agents_own() -> None:
    result = read_result(job(), line(report=None, failure={"code": "x", "message": "no"}), 1, "")
    assert result.failure is not None
    assert result.failure.message == "no"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (b"", r"acting gave no result \(exit code 7\): last words"),
        (b"  \n ", r"acting gave no result \(exit code 7\): last words"),
        (line() + line(), r"acting gave 2 lines instead of one result \(exit code 7\)"),
        (b"Traceback\n" + line(), "gave 2 lines"),
        (b"hello", "not of the contract: Invalid JSON"),
        (b"\xff\xfe\x00", "not of the contract"),
        (b"[]", "not of the contract"),
        (line(report={"deep": 1}).replace(b"1}", b"[" * 400_000 + b"]" * 400_000 + b"}"), "recursion limit exceeded"),
        (line(report={"big": 1}).replace(b"1}", b"9" * 5000 + b"}"), "number out of range"),
        (line(report={"big": 1}).replace(b"1}", b"1e999}"), "1e999 is no number of JSON"),
        (line(report={"big": 1}).replace(b"1}", b"-Infinity}"), "-Infinity is no number of JSON"),
        (line(report={"big": 1}).replace(b"1}", b"NaN}"), "NaN is no number of JSON"),
        (line(report={"a": 1}).replace(b'"a"', b'"a": 2, "a"'), "the key 'a' stands in one object more than once"),
        (line(report={"a": 1}).replace(b'"a"', b'"\\ud800"'), "not of the contract: Invalid JSON"),
        (b'{"agent": "acting"}', "not of the contract: Field required"),
        (line(surprise=1), "not of the contract: Extra inputs"),
        (line(report="text"), "not of the contract"),
        (line(agent="notifier"), r"gave a result of notifier \(contract 1\).*make images"),
        (line(contract=2), r"gave a result of acting \(contract 2\).*make images"),
        (b"[" * 100_000, "not of the contract"),
    ],
)
def test_anything_else_is_a_failed_node_with_its_reason(output: bytes, reason: str) -> None:
    with pytest.raises(NodeFailedError, match=reason):
        read_result(job(), output, 7, "last words")


def test_out_of_memory_is_told_whatever_was_printed() -> None:
    with pytest.raises(NodeFailedError, match="acting used more than its 2048 MiB"):
        read_result(job(), line(), 137, "", out_of_memory=True)


class Heard:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self.stream = StderrLines(lambda level, text: self.lines.append((level, text)))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_come_whole_however_the_stream_is_cut(size: int) -> None:
    heard = Heard()
    stream = "INFO erst\nWARNING zweite: ü\n\nplain\r\nERROR last".encode()
    for start in range(0, len(stream), size):
        heard.stream.add(stream[start : start + size])
    heard.stream.flush()
    assert heard.lines == [
        (logging.INFO, "erst"),
        (logging.WARNING, "zweite: ü"),
        (logging.INFO, "plain"),
        (logging.ERROR, "last"),
    ]
    assert heard.stream.last == "ERROR last"


def test_a_word_that_is_no_level_stays() -> None:
    heard = Heard()
    heard.stream.add(b"NOTSET x\nInfo x\nWARNINGS x\n")
    assert heard.lines == [(logging.INFO, "NOTSET x"), (logging.INFO, "Info x"), (logging.INFO, "WARNINGS x")]


def test_a_line_without_end_comes_in_pieces() -> None:
    heard = Heard()
    heard.stream.add(b"x" * (3 * MAX_LINE_BYTES + 5))
    assert [len(text) for _, text in heard.lines] == [MAX_LINE_BYTES] * 3
    heard.stream.flush()
    assert sum(len(text) for _, text in heard.lines) == 3 * MAX_LINE_BYTES + 5


def test_escape_sequences_do_not_reach_a_terminal() -> None:
    heard = Heard()
    heard.stream.add(b"INFO \x1b[2K\x1b[1Aall is well\x07\x08\r\x9b31m\ttab\n")
    ((_, text),) = heard.lines
    assert "\x1b" not in text
    assert all(character.isprintable() or character == "\t" for character in text)
    assert "all is well" in text


def test_bytes_that_are_no_text_are_replaced() -> None:
    heard = Heard()
    heard.stream.add(b"\xff\xfe ok\n")
    assert heard.lines == [(logging.INFO, "\ufffd\ufffd ok")]


def test_a_log_without_end_is_cut_and_keeps_its_last_words() -> None:
    heard = Heard()
    heard.stream.add(b"one\n" + (b"x" * 1023 + b"\n") * (2 * MAX_LOG_BYTES // 1024) + b"out of ideas\n")
    assert sum(len(text) for _, text in heard.lines) <= MAX_LOG_BYTES + 100
    assert heard.lines[-1] == (logging.WARNING, "more than 8 MiB of log: the rest is left out")
    assert heard.stream.last == "out of ideas"


def test_the_acting_agent_lies_where_the_runtimes_look() -> None:
    from flows.settings import ROOT

    assert Path(__file__).is_relative_to(ROOT)
