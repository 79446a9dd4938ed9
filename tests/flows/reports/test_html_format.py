"""The page: one file, nothing loaded, nothing run, every text escaped, usable with a keyboard."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.contract.schema import Finding, Note, NoteKind, Severity
from flows.reports import html_format, plain
from flows.reports.schema import RunReport
from tests.rendered import rendering

VOID = frozenset({"meta", "input", "br", "img", "link"})


class Page(HTMLParser):
    """Elements with their attributes, and the text of each table cell."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def skeleton(report: RunReport) -> list[tuple[str, dict[str, str | None]]]:
    return Page(rendering(html_format.render, report)).elements


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
@example("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>")
@example("{{ 7 * 7 }}{% raw %}", "</style></title><svg/onload=alert(1)>")
@example("&lt;script&gt;", "<!--")
def test_hostile_text_adds_no_element_and_no_attribute(make_run: Callable[..., RunReport], one: str, two: str) -> None:
    def page_with(first: str, second: str) -> RunReport:
        finding = Finding(rule="a/b", severity=Severity.ERROR, message=first, file=f"f{second}", snippet=f"s{first}", line=1)
        return make_run(
            [finding],
            notes=[Note(kind=NoteKind.ENGINE, file=f"n{second}", detail=first)],
            facts={f"k{first}": f"v{second}"},
            reason=second,
            name=first,
            workflow=second,
            ref=f"r{first}",
            repository=second,
            run=first,
        )

    page = Page(rendering(html_format.render, page_with(one, two)))
    assert page.elements == skeleton(page_with("plain", "words"))
    assert page.open == []
    assert plain.line(one) in "".join(page.text)
    assert f"f{plain.line('f' + two)[1:]}" in "".join(page.text)


def test_loads_and_runs_nothing(small: RunReport) -> None:
    document = rendering(html_format.render, small)
    page = Page(document)
    policy = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert not {"script", "link", "img", "iframe", "form", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "url(" not in document
    assert "@import" not in document
    assert [a["href"] for a in page.all("a")] == ["#findings", "http://127.0.0.1:4200/runs/1"]


def test_can_be_used_without_seeing_or_pointing(small: RunReport) -> None:
    page = Page(rendering(html_format.render, small))
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(cell.get("scope") in {"col", "row"} for cell in page.all("th"))
    boxes = [box["id"] for box in page.all("input")]
    assert boxes == ["show-critical", "show-error", "show-warning", "show-info"]
    assert [label["for"] for label in page.all("label")] == boxes
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert {section["aria-labelledby"] for section in page.all("section")} <= set(identifiers)


def test_each_severity_has_its_filter(small: RunReport) -> None:
    document = rendering(html_format.render, small)
    for severity in Severity:
        assert f"body:has(#show-{severity}:not(:checked)) section.{severity}" in document


def contrast(one: str, two: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_enough_in_light_and_dark(small: RunReport) -> None:
    palettes = re.findall(r":root \{(.*?)\}", rendering(html_format.render, small), re.DOTALL)
    assert len(palettes) == 2
    for palette in palettes:
        colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", palette))
        inks = ("ink", "soft", "link", "critical", "error", "warning", "info", "fine")
        poor = [
            (ink, ground) for ink in inks for ground in ("page", "card") if contrast(colours[ink], colours[ground]) < 4.5
        ]
        assert poor == []
        assert contrast(colours["ink"], colours["code"]) >= 4.5


def test_tells_the_run(small: RunReport) -> None:
    text = " ".join("".join(Page(rendering(html_format.render, small)).text).split())
    assert "review (timed-out): not finished after 900 s" in text
    assert "Critical (2)" in text
    assert "injection/sql scan, 2, CWE-89" in text
    assert "The query is built from a file's text. low confidence" in text
    assert "languagesPython 120, C 3" in text
    assert "3 notes" in text


def test_a_run_without_findings_says_so(make_run: Callable[..., RunReport]) -> None:
    assert "<p>None.</p>" in rendering(html_format.render, make_run())


def test_a_hundred_thousand_findings(large: RunReport) -> None:
    began = time.process_time()
    document = rendering(html_format.render, large)
    assert time.process_time() - began < 10
    assert len(set(re.findall(r"Finding #(\d{6})", document))) == 100_000
    assert document.count('<tr class="finding">') == 100_000
    assert "<details open" not in document


def test_many_notes_of_one_kind_are_one_row(make_run: Callable[..., RunReport]) -> None:
    notes = [Note(kind=NoteKind.BINARY, file=f"{number}.png") for number in range(700)]
    document = rendering(html_format.render, make_run(notes=notes))
    assert document.count('<tr class="note">') == 1
    assert "700 notes" in document
    assert "and 695 more" in document
