"""The docs hold what they promise: links lead somewhere, workflows lint as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from flows.definition.declared import manifest_of, read_declared
from flows.definition.loader import Folder, load
from flows.definition.problems import DefinitionError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`+[^`]*`+")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
WORKFLOW = re.compile(r"^```yaml\n(?P<text>.*?)^```\n(?:```text\n(?P<problems>.*?)^```)?", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors a code host gives the headings of `page`."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def workflows() -> list[object]:
    found: list[object] = []
    for page in PAGES:
        text = page.read_text()
        for block in WORKFLOW.finditer(text):
            if re.search(r"^nodes:", block["text"], re.MULTILINE):
                line = text.count("\n", 0, block.start()) + 1
                expected = (block["problems"] or "").splitlines()
                found.append(pytest.param(block["text"], expected, declared(text), id=f"{relative(page)}:{line}"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    prose = CODE.sub("", FENCE.sub("", page.read_text()))
    broken = []
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert not broken


def declared(page: str) -> dict[str, Manifest]:
    """The agents whose manifests stand in the page."""
    blocks = re.findall(r"^`manifest\.json`:\n\n```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    found = [manifest_of(read_declared(block), "sha256:0") for block in blocks]
    return {manifest.name: manifest for manifest in found}


@pytest.mark.parametrize(("text", "expected", "others"), workflows())
def test_workflows_lint_as_the_page_says(text: str, expected: list[str], others: dict[str, Manifest]) -> None:
    try:
        load(text, manifests=catalog() | others, library=Folder(ROOT / "deployments" / "workflows"))
        found = []
    except DefinitionError as error:
        found = [str(problem) for problem in error.problems]
    assert found == expected


def test_every_problem_code_has_a_section() -> None:
    source = "".join(path.read_text() for path in (ROOT / "flows" / "definition").glob("*.py"))
    page = (ROOT / "docs" / "reference" / "workflow.md").read_text()
    in_code = set(re.findall(r"\"(DY\d{3})\"", source))
    assert in_code == set(re.findall(r"^### (DY\d{3})$", page, re.MULTILINE))
    assert in_code == set(re.findall(r"^\| (DY\d{3}) \|", page, re.MULTILINE))


def test_every_key_of_the_language_has_a_row() -> None:
    from agents.contract.schema import Frozen
    from flows.definition import schema

    page = (ROOT / "docs" / "reference" / "workflow.md").read_text()
    models = [
        part for part in vars(schema).values() if isinstance(part, type) and issubclass(part, Frozen) and part is not Frozen
    ]
    assert len(models) >= 12
    keys = {field.alias or key for model in models for key, field in model.model_fields.items()}
    assert keys <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
