"""Markdown: what a parser makes of it is our structure and the finding's own text, nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agents.contract.schema import Finding, Note, NoteKind, Severity
from flows.reports import markdown, plain
from flows.reports.index_file import opened
from flows.reports.schema import RunReport
from tests.rendered import rendering

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "[ref]: https://evil.example",
    "<https://evil.example>",
    "| a | b |\n| --- | --- |",
    "a \\| b \\\\| c",
    "` `` ``` ~~~",
    "`\\|<b>`",
    "\n\n# heading\n\n- item\n\n1. one\n\n> quote\n\n    code",
    "**bold** __bold__ *it* _it_ ~~gone~~",
    "&lt;b&gt; &#60;",
    "---",
    "$x^2$",
    "\\",
    "<!-- hidden",
    "trailing \\",
)
hostile = st.lists(st.sampled_from(NASTY) | st.text(max_size=12), max_size=4).map("".join)


def nodes_of(report: RunReport) -> list[str]:
    """The document of each node."""
    with opened(report) as index:
        return [markdown.node_markdown(index, at) for at in range(len(report.nodes))]


def tokens(document: str) -> Iterator[Token]:
    for token in PARSER.parse(document):
        yield token
        yield from token.children or ()


def shown(document: str) -> str:
    """The text a reader sees."""
    parts = [token.content for token in tokens(document) if token.type in {"text", "code_inline"}]
    return "".join(parts).replace("\u2060", "")


@given(hostile)
@example("www.evil.example http://evil.example mailto:x@y.example @team #12 GH-7")
@example("`|`")
def test_prose_shows_exactly_its_text(text: str) -> None:
    escaped = markdown.prose(text)
    kinds = {token.type for token in tokens(f"x {escaped} x")}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert shown(f"x{escaped}x") == f"x{plain.line(text)}x"


@given(hostile)
@example("a|b")
@example("a`|`b")
@example("a\\|b")
@example("`")
@example("``x")
def test_code_shows_exactly_its_text_in_a_table(text: str) -> None:
    table = f"| A | B |\n| --- | --- |\n| {markdown.code(text)} | end |\n"
    found = [token for token in PARSER.parse(table) if token.type == "inline"]
    assert len(found) == 4
    cell = "".join(child.content for child in found[2].children or ())
    assert cell.replace("\u2060", "").strip() == plain.line(text).strip()
    assert {child.type for child in found[2].children or ()} <= {"code_inline", "text", "text_special"}
    assert found[3].content == "end"


@pytest.mark.parametrize("text", ["https://evil.example", "ftp://evil.example", "WWW.evil.example", "a@b.example"])
def test_addresses_are_not_turned_into_links_by_a_code_host(text: str) -> None:
    assert not re.search(r"\w://|www\.|@\w", markdown.prose(text), re.IGNORECASE)


@pytest.mark.parametrize("text", ["@babel/core", "see #12", "GH-12", "org/repo#3"])
def test_nobody_is_pinged(text: str) -> None:
    assert not re.search(r"[@#]\w|GH-\d", markdown.prose(text))


@settings(max_examples=60, deadline=None)
@given(hostile, hostile)
def test_hostile_text_stays_in_its_cell(make_run: Callable[..., RunReport], one: str, two: str) -> None:
    finding = Finding(rule="a/b", severity=Severity.ERROR, message=one, file=two, snippet=one, remediation=two, line=1)
    report = make_run(
        [finding],
        notes=[Note(kind=NoteKind.ENGINE, file=two, detail=one)],
        facts={"fact": one, two or "x": two},
        reason=one,
        name=two,
        workflow=one,
        ref=two,
        repository=two,
    )
    for document in (rendering(markdown.render, report), *nodes_of(report)):
        found = list(tokens(document))
        links = [str(token.attrGet("href")) for token in found if token.type == "link_open"]
        assert set(links) <= {"http://127.0.0.1:4200/runs/1"}
        assert {token.type for token in found} <= {
            *(
                "heading_open",
                "heading_close",
                "paragraph_open",
                "paragraph_close",
                "inline",
                "text",
                "text_special",
            ),
            *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "code_inline"),
            *("strong_open", "strong_close", "link_open", "link_close"),
            *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
        }
        assert len([token for token in found if token.type == "heading_open" and token.tag == "h1"]) == 1
    rows = [token for token in tokens(rendering(markdown.render, report)) if token.type == "tr_open"]
    assert len(rows) == 1 + 3 + 1 + 1 + 1 + 1  # nodes, findings, notes: each with its heading


def test_the_whole_run_is_told(small: RunReport) -> None:
    document = rendering(markdown.render, small)
    assert "| scan | security-scanner | completed | 2 | 0 | 1 | 1 | 3 | 7 | 12 s |" in document
    assert "- **review timed-out:** not finished after 900 s" in document
    assert "[The run's page](http://127.0.0.1:4200/runs/1)" in document
    assert "## Critical (2)\n\n### `injection/sql` (scan, 2, CWE-89)\n\nRemedy: Pass the value" in document
    assert "| `src/db access.py:12:5` | The query is built from the request's text. |" in document
    assert "A query is" not in document
    assert "## Notes (3)" in document
    assert "- **languages:** Python 120, C 3" in document


def test_a_nodes_document_tells_that_node_only(small: RunReport) -> None:
    scan, review, tell = nodes_of(small)
    assert scan.startswith("# scan: security-scanner\n")
    assert "## Critical (2)" in scan
    assert "not finished" not in scan
    assert "**No report:** not finished after 900 s" in review
    assert "**No report:** review gave no report" in tell


def test_a_nodes_table_has_a_row_per_finding(small: RunReport) -> None:
    with opened(small) as index:
        rows, none = ([markdown.table_row(found) for found in index.of_node(at)] for at in (0, 1))
    assert rows[0] == {
        "severity": "critical",
        "rule": "`injection/sql`",
        "place": "`src/db access.py:12:5`",
        "message": "The query is built from the request's text.",
        "remediation": "Pass the value as a parameter of the query.",
        "cwe": "CWE-89",
        "confidence": "high",
    }
    assert [row["severity"] for row in rows] == ["critical", "critical", "warning", "info"]
    assert none == []


def test_a_hundred_thousand_findings(large: RunReport) -> None:
    began = time.process_time()
    document = rendering(markdown.render, large)
    assert time.process_time() - began < 10
    assert len(set(re.findall(r"Finding \\#\u2060(\d{6})", document))) == 100_000


def test_many_notes_of_one_kind_are_one_row(make_run: Callable[..., RunReport]) -> None:
    notes = [Note(kind=NoteKind.TOO_LARGE, file=f"{number}.js", detail=f"{number} bytes") for number in range(700)]
    report = make_run(notes=notes)
    (row,) = [line for line in rendering(markdown.render, report).splitlines() if line.startswith("| scan | too-large")]
    assert row.startswith("| scan | too-large | 700 | `0.js` (0 bytes), `1.js` (1 bytes), ")
    assert row.endswith("`4.js` (4 bytes) and 695 more |  |")
    assert "Every note: `dockyard report run-1234 --format json`" in nodes_of(report)[0]
