"""Which paths are there once a condition was true, and what an expression gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.contract.schema import Report
from flows.definition.expressions import written
from flows.definition.inference import Inference
from flows.definition.templates import parse, render
from flows.definition.types import ANY, Shape, shape_of
from tests.flows.definition.conftest import Scan


class Branch(Report):
    """A report in a report in a report."""

    children: tuple[Branch, ...] = ()


class Tree(Report):
    """What holds branches."""

    branch: Branch = Branch()


def ensured(text: str) -> set[str]:
    """The paths that `{{ text }}` ensures, as templates write them."""
    return {written(path) for path in parse(f"{{{{ {text} }}}}").ensures}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.status == 'completed'", {"a.output"}),
        ("'completed' == a.status", {"a.output"}),
        ("not a.status != 'completed'", {"a.output"}),
        ("a.status in ['completed']", {"a.output"}),
        ("a.status in ('completed',)", {"a.output"}),
        ("not (a.status not in ['completed'])", {"a.output"}),
        ("a.status is eq 'completed'", {"a.output"}),
        ("a.error is none", {"a.output"}),
        ("a.error == none", {"a.output"}),
        ("not a.error", {"a.output"}),
        ("a.output is defined", {"a.output"}),
        ("a.output.x.y is not undefined", {"a.output.x.y"}),
        ("a.status == 'completed' and b.output.x is defined", {"a.output", "b.output.x"}),
        ("a.status == 'completed' or b.status == 'completed'", set()),
        ("a.status == 'completed' or a.error is none", {"a.output"}),
        ("not (a.error or b.error)", {"a.output", "b.output"}),
        ("not (a.error and b.error)", set()),
        ("a.output.x | default(0) > 0", {"a.output.x"}),
        ("a.output.x | default(0)", {"a.output.x"}),
        ("a.output.x | d", {"a.output.x"}),
        ("not a.output.x | default(true)", {"a.output.x"}),
        ("a.output.x | default(5) > 0", set()),
        ("a.output.x | default(1)", set()),
        ("a.output.x | default(0) == 0", set()),
        ("a.output.x | default('') > 0", set()),
        ("a.output.x | default(b.error)", set()),
        ("a.status != 'completed'", set()),
        ("a.status == 'failed'", set()),
        ("a.status in ['completed', 'failed']", set()),
        ("a.error", set()),
        ("a.error is not none", set()),
        ("a.output.x is undefined", set()),
        ("a.status == 'completed' == b.status", set()),
        ("a.output.x > 0", set()),
        ("true", set()),
    ],
)
def test_what_a_condition_ensures(text: str, paths: set[str]) -> None:
    assert ensured(text) == paths


VIEWS = st.sampled_from(
    [
        {"status": "completed", "error": None, "output": {"x": 1}},
        {"status": "completed", "error": None, "output": {"x": 0}},
        {"status": "failed", "error": "why"},
        {"status": "skipped", "error": "so"},
    ]
)
ATOMS = st.sampled_from(
    ["a.status == 'completed'", "a.status != 'failed'", "a.error", "a.error is none", "a.output is defined", "b.error",
     "b.output.x | default(0) > 0", "a.output.x | default(1) < 1", "b.status in ['completed']", "a.output.x | d(0)", "true"]
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"(not {one})"),
    ),
    max_leaves=5,
)


@given(CONDITIONS, VIEWS, VIEWS)
def test_what_it_ensures_is_there_whenever_it_is_true(text: str, a: dict[str, object], b: dict[str, object]) -> None:
    template = parse(f"{{{{ {text} }}}}")
    values = {"a": a, "b": b}
    if render(template, values):  # type: ignore[arg-type] # JSON
        assert all("output" in values[str(path[0])] for path in template.ensures)


SCAN = shape_of(Scan)
SCOPE = {"s": SCAN, "n": Shape.of("integer"), "t": Shape.of("string"), "x": ANY, "l": Shape.listing(Shape.of("string"))}


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("s.count", "integer"),
        ("s.items", "array of string"),
        ("s.findings", "array of object"),
        ("s.findings[0]", "object"),
        ("s.findings[-1].rule", "string"),
        ("(s.findings | first).line", "integer or null"),
        ("s.findings | map(attribute='line') | list", "array of integer or null"),
        ("s.findings | map(attribute='rule') | unique | join(', ')", "string"),
        ("s.findings | map(attribute='rule', default=1)", "array"),
        ("s.findings | map('upper')", "array"),
        ("s.findings | selectattr('line') | rejectattr('file') | sort(attribute='line') | reverse", "array of object"),
        ("s.findings | length", "integer"),
        ("s.values.anything", "integer"),
        ("s.values | dictsort", "array"),
        ("l | max", "string"),
        ("l | first | upper", "string"),
        ("l[1:]", "array of string"),
        ("l + l", "array of string"),
        ("l | sum", "integer or number"),
        ("t | reverse", "string"),
        ("t | length", "integer"),
        ("n + 1", "integer"),
        ("n + 1.5", "number"),
        ("n / 1", "number"),
        ("-n", "integer"),
        ("n | abs", "integer"),
        ("n | round", "number"),
        ("t | float", "number"),
        ("t + t", "string"),
        ("t ~ n", "string"),
        ("n > 1", "boolean"),
        ("not n", "boolean"),
        ("n is defined", "boolean"),
        ("n or t", "integer or string"),
        ("n if t else t", "integer or string"),
        ("n if t", "anything"),
        ("n | default('x')", "integer or string"),
        ("n | default(none)", "integer or null"),
        ("[n, t]", "array of integer or string"),
        ("[]", "array"),
        ("(n, n)", "array of integer"),
        ("{'a': n}", "object"),
        ("{'a': n}.a", "integer"),
        ("{t: n}.a", "anything"),
        ("x.y.z", "anything"),
        ("x + 1", "anything"),
        ("x[t]", "anything"),
        ("[n, x] | first", "anything"),
        ("l[n]", "string"),
        ("none", "null"),
    ],
)
def test_what_an_expression_gives(text: str, gives: str) -> None:
    inference = Inference(SCOPE)
    assert str(inference.template(parse(f"{{{{ {text} }}}}"))) == gives
    assert inference.wrong == []


def test_text_around_it_gives_text() -> None:
    assert str(Inference(SCOPE).template(parse("{{ n }} of {{ n }}"))) == "string"


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (Shape.of("integer"), Shape.of("number"), True),
        (Shape.of("number"), Shape.of("integer"), False),
        (Shape.of("integer", "null"), Shape.of("integer"), True),
        (Shape.of("string"), Shape.of("integer"), False),
        (ANY, Shape.of("integer"), True),
        (Shape.of("string"), ANY, True),
        (Shape.listing(Shape.of("string")), Shape.listing(Shape.of("integer")), False),
        (Shape.listing(ANY), Shape.listing(Shape.of("integer")), True),
        (Shape.listing(Shape.of("string")), Shape.of("array"), True),
        (Shape.listing(Shape.of("string")), Shape.of("string"), False),
    ],
)
def test_what_fits(source: Shape, target: Shape, fits: bool) -> None:
    assert source.fits(target) is fits


def test_a_model_that_holds_itself_is_known_to_where_it_begins_anew() -> None:
    branch = shape_of(Tree).fields["branch"]
    assert branch.fields["children"] == Shape.listing(ANY)
    assert branch.fields["files_scanned"] == Shape.of("integer")
