"""Plans of all good workflows as text, Mermaid, SVG and JSON: well-formed, complete, and inert whatever a file says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.catalog import catalog
from flows.definition.library import Folder
from flows.definition.loader import load
from flows.definition.schema import Approval
from flows.reports.plan_formats import PlanFormat, render
from flows.reports.plan_svg import without_detours
from flows.reports.plan_words import duration
from flows.reports.planned import Expectation, PlannedNode, RunPlan, Wait
from flows.service.plan import plan
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA, MANIFESTS

PLANS = ROOT / "tests" / "data" / "plans"
SHIPPED = ROOT / "deployments" / "workflows"
GOOD = sorted([*(DATA / "good").glob("*.yaml"), *PLANS.glob("*.yaml"), *SHIPPED.glob("*.yaml")])
SVG = "{http://www.w3.org/2000/svg}"

LABEL = r'"(?:[\w\s.,:;()=+/…\x27!?-]|#\d+;|<br/>)*"'
NAME = r"n(?:_\w+)+"
MERMAID = re.compile(
    rf"flowchart LR|accTitle: [\w .-]+|classDef [\w-]+ [\w#,: -]+|class {NAME} \w+|direction LR"
    rf"|subgraph {NAME}\[{LABEL}\]|end|{NAME}(?:\[{LABEL}\]|{{{{{LABEL}}}}})|{NAME} (?:-->|-\. on error \.->) {NAME}"
)


def plan_of(file: Path) -> RunPlan:
    manifests = catalog() if file.parent == SHIPPED else MANIFESTS
    folder = DATA / "library" if file.parent == DATA / "good" else file.parent
    return plan(load(file.read_text(encoding="utf-8"), file.name, manifests, Folder(folder)), {})


@pytest.fixture(scope="module")
def large() -> RunPlan:
    return plan_of(PLANS / "large.yaml")


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_mermaid_is_well_formed_and_holds_every_node(file: Path) -> None:
    found = plan_of(file)
    lines = render(found, PlanFormat.MERMAID).splitlines()
    assert [line for line in lines if not MERMAID.fullmatch(line.strip())] == []
    assert lines[0] == "flowchart LR"
    assert lines.count("  end") == sum(line.startswith("  subgraph ") for line in lines)
    ids = [match[1] for line in lines if (match := re.match(rf"\s*(?:subgraph )?({NAME})[\[{{]", line))]
    assert len(set(ids)) == len(ids)
    wanted = {"n_" + node.name.replace(".", "_") for node in found.nodes()}
    assert wanted <= set(ids)
    ends = {name for line in lines if "->" in line for name in re.findall(NAME, line)}
    assert ends <= set(ids)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_svg_is_well_formed_and_names_every_node_for_screen_readers(file: Path) -> None:
    found = plan_of(file)
    root = ET.fromstring(render(found, PlanFormat.SVG))  # noqa: S314 — our own picture
    assert root.attrib["role"] == "img"
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert titles[0] == f"Plan of {found.workflow}"
    assert sorted(title.partition(":")[0] for title in titles[1:]) == sorted(node.name for node in found.nodes())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"
    }  # fmt: skip


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_json_is_the_plan_itself(file: Path) -> None:
    found = plan_of(file)
    assert RunPlan.model_validate_json(render(found, PlanFormat.JSON)) == found


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_text_has_every_node_on_a_line_of_its_own(file: Path) -> None:
    found = plan_of(file)
    lines = [line.split() for line in render(found, PlanFormat.TEXT).splitlines()]
    for node in found.nodes():
        assert [node.name, *(node.agent or f"workflow {node.workflow}").split()] in lines


def test_text_says_who_waits_for_whom_and_why(large: RunPlan) -> None:
    text = render(large, PlanFormat.TEXT)
    for wanted in (
        "Not given    audience: a run needs it",
        "At once      1 run per repository; one more waits",
        "for each of 3 items, 8 at once",
        "2 retries after 10s, 20s",
        "again until wait.output.count > 3, 5 times at most, 30s between",
        "skipped: no branch before it is taken",
        "handles errors of risky",
        "waits for 2 of group:security, user:ann; expires after 1d",
        "limits: 1024 MiB, 2 CPUs",
        "sub.tidy  teller",
    ):
        assert wanted in text


def test_boxes_of_the_picture_do_not_overlap(large: RunPlan) -> None:
    root = ET.fromstring(render(large, PlanFormat.SVG))  # noqa: S314 — our own picture
    places = []

    def walk(element: ET.Element, x: float, y: float) -> None:
        moved = re.match(r"translate\(([\d.-]+) ([\d.-]+)\)", element.attrib.get("transform", ""))
        x, y = (x + float(moved[1]), y + float(moved[2])) if moved else (x, y)
        if element.tag == f"{SVG}rect" and "box" in element.attrib.get("class", "") and "rx" in element.attrib:
            left, top = x + float(element.attrib.get("x", 0)), y + float(element.attrib.get("y", 0))
            places.append((left, top, left + float(element.attrib["width"]), top + float(element.attrib["height"])))
        for child in element:
            walk(child, x, y)

    walk(root, 0, 0)
    assert len(places) >= 30
    for index, one in enumerate(places):
        for other in places[index + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in places)


MARKUP = (
    '"]; click n_a "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "`**bold**`",
    "#quot;",
    "\ufffe\x1b[31m",
    "%%{init: {}}%%",
    "end",
)
nasty = st.text(max_size=30) | st.sampled_from(MARKUP)


@settings(max_examples=60, deadline=None)
@given(nasty, nasty)
def test_pictures_are_well_formed_whatever_a_file_says(text: str, other: str) -> None:
    one = PlannedNode(id="end", name="end", agent=text, description=other, expectation=Expectation.STARTS, when=other)
    two = PlannedNode(
        id="b",
        name="b",
        agent="x",
        expectation=Expectation.OPEN,
        reason=text,
        after=(Wait(node="end", why="edge"),),
        approval=Approval(approvers=("user:ann",)),
    )
    found = RunPlan(workflow="w", description=text, waves=((one,), (two,)))
    root = ET.fromstring(render(found, PlanFormat.SVG))  # noqa: S314 — our own picture
    assert not list(root.iter(f"{SVG}script"))
    lines = render(found, PlanFormat.MERMAID).splitlines()
    assert [line for line in lines if not MERMAID.fullmatch(line.strip())] == []
    assert "\x1b" not in render(found, PlanFormat.TEXT) + render(found, PlanFormat.JSON)


def test_arrows_that_a_longer_way_says_are_left_out() -> None:
    assert without_detours(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")]) == [("a", "b"), ("b", "c")]


@pytest.mark.parametrize(
    ("seconds", "text"), [(90, "90s"), (600, "10m"), (7200, "2h"), (86400, "1d"), (0.5, "0.5s"), (5400, "90m")]
)
def test_durations_are_written_as_in_workflows(seconds: float, text: str) -> None:
    assert duration(seconds) == text
