"""Files, agents and events may be hostile: wherever a template stands, text stays text and bombs do not go off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from flows.definition import loader
from flows.definition.places import MAX_BYTES
from flows.definition.problems import DefinitionError, Problem
from flows.definition.templates import parse, render
from tests.flows.definition.conftest import LIBRARY, MANIFESTS

NODE = "name: x\nnodes:\n  - id: scan\n    agent: scanner\n"
PLACES: dict[str, Callable[[str], str]] = {
    "inputs": lambda text: f"{NODE}    inputs: {{scope: {text}}}\n",
    "inputs, deep": lambda text: f"{NODE}    inputs: {{exclude: [a, {text}]}}\n",
    "when": lambda text: f"{NODE}    when: {text}\n",
    "for_each": lambda text: f"{NODE}    for_each: {text}\n",
    "for_each, items": lambda text: f"{NODE}    for_each: {{items: {text}, concurrency: 2}}\n",
    "for_each, one item": lambda text: f"{NODE}    for_each: [a, {text}]\n",
    "until": lambda text: f"{NODE}    repeat: {{until: {text}, max: 3}}\n",
    "finally": lambda text: f"{NODE}finally:\n  - {{id: tell, agent: teller, inputs: {{message: {text}}}}}\n",
    "sub-workflow": lambda text: f"{NODE}  - {{id: sub, workflow: inner, inputs: {{depth: {text}}}}}\n",
    "filter": lambda text: f"{NODE}on:\n  - {{event: generic, params: {{repository: x}}, filter: {text}}}\n",
    "trigger's params": lambda text: f"{NODE}on:\n  - {{event: generic, params: {{repository: {text}}}}}\n",
}

UNREADABLE = [
    "{% set x = 1 %}", "{% for x in [1] %}{{ x }}{% endfor %}", "{% import 'os' as os %}", "{% include '/etc/passwd' %}",
    "{{ cycler() }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ '{0.__class__}'.format(1) }}", "{{ ''|attr('format') }}", "{{ self }}", "{{ 9**9**9 }}", "{{ range(10**9) }}",
    "{{ 'a'|center(1000000000) }}", "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "-" * 9000 + "1 }}",
    "{{ " + "9" * 5000 + " }}", "{{ '" + "x" * 20_000 + "' }}", "{{ 1e999 }}", "{{", "{{ }}", "{{ a.b(1) }}",
]  # fmt: skip


def problems(text: str) -> tuple[Problem, ...]:
    """What lint says of `text`, within a second."""
    start = time.process_time()
    try:
        loader.load(text, manifests=MANIFESTS, library=LIBRARY)
    except DefinitionError as error:
        return error.problems
    finally:
        assert time.process_time() - start < 1
    return ()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("template", UNREADABLE, ids=lambda text: text[:40])
def test_what_no_template_may_do_is_refused_wherever_it_stands(place: str, template: str) -> None:
    text = PLACES[place](json.dumps(template))
    line = next(n for n, written in enumerate(text.splitlines(), 1) if template[:2] in written)
    assert ("DY008", line) in {(problem.code, problem.line) for problem in problems(text)}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["__class__", "config", "request", "cycler", "environ", "secrets", "os"])
def test_there_are_no_names_but_those_of_the_language(place: str, name: str) -> None:
    text = PLACES[place](json.dumps(f"{{{{ {name} }}}}"))
    assert {problem.code for problem in problems(text)} & {"DY009", "DY021"}


MEANINGFUL = [
    "{{ 7*7 }}", "{% raw %}", "{# x #}", "['a', 'b']", '{"a": 1}', "- a\n- b", "a: b", "&x [*x]", "1", "true", "~", "'", '"',
    "\\", "'}} {{ 1 }}", "{{ params.secret }}", "!!python/object:os.system x", "${x}", "<script>",
]  # fmt: skip
HOSTILE = st.one_of(st.text(), st.sampled_from(MEANINGFUL))


@given(st.lists(HOSTILE, max_size=5))
def test_items_from_an_agent_stay_the_texts_that_they_are(found: list[str]) -> None:
    values: dict[str, JsonValue] = {"scan": {"output": {"items": [*found]}}, "params": {"secret": "s3cret"}}
    items = render(parse("{{ scan.output.items }}"), values)
    assert items == found
    for item in found:
        assert render(parse("{{ item }}"), {**values, "item": item}) == item
        assert render(parse("for {{ item }}."), {**values, "item": item}) == f"for {item}."


@given(HOSTILE)
def test_an_answer_decides_nothing_but_by_its_value(answer: str) -> None:
    values: dict[str, JsonValue] = {"scan": {"status": "completed", "error": None, "output": {"name": answer}}}
    assert render(parse("{{ scan.output.name == 'done' }}"), values) is (answer == "done")
    assert render(parse("{{ scan.output.name }}"), values) == answer


@given(HOSTILE)
def test_an_event_is_as_inert(sent: str) -> None:
    values: dict[str, JsonValue] = {"event": {"ref": sent, "tags": [sent, {"name": sent}]}}
    assert render(parse("{{ event.ref }}"), values) == sent
    assert render(parse("ref {{ event.ref }}"), values) == f"ref {sent}"
    assert render(parse("{{ event.tags }}"), values) == [sent, {"name": sent}]
    assert render(parse("{{ event.tags | map(attribute='name', default='') | join }}"), values) == sent


YAML_BOMBS = {
    "aliases": "a: &a [x, x]\n"
    + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefghij", "bcdefghijk", strict=True)),
    "an alias of all": "&a [" + "*a," * 1000 + "]",
    "an anchor below itself": "a: &a {b: *a}",
    "merged": "a: &a {x: 1}\nb: {<<: *a}",
    "deep lists": "[" * 100_000,
    "deep mappings": "{a: " * 50_000,
    "deep dashes": "- " * 100_000 + "x",
    "deep questions": "? " * 100_000 + "x",
    "deep in a key": "? " + "[" * 60 + "]" * 60 + "\n: x",
    "too large": "a: " + "x" * MAX_BYTES,
    "a tag": "a: !!python/object/apply:os.system [id]",
    "a tag of one's own": "%TAG ! tag:example.com,2000:app/\n---\na: !x 1",
    "a tag on the whole": "!!python/name:os.system {a: 1}",
    "binary": "a: !!binary aGVsbG8=",
    "many documents": "---\na: 1\n" * 1000,
    "a number of ages": "a: " + "9" * 200_000,
    "hexadecimal ages": "a: 0x" + "f" * 200_000,
    "infinity": "a: 1" + "0" * 400 + ".0",
    "quotes without end": 'a: "' + "\\" * 100_000,
    "many quotes": '"' * 200_000,
    "control characters": "a: \x00\x1b\x7f",
    "keys without values": "? a\n" * 50_000,
    "colons": ": " * 100_000,
    "one key many times": "a: 1\n" * 40_000,
}


@pytest.mark.parametrize("text", YAML_BOMBS.values(), ids=YAML_BOMBS.keys())
def test_what_is_no_plain_yaml_is_one_problem_at_once(text: str) -> None:
    found = problems(text)
    assert [problem.code for problem in found] == ["DY001"]
    assert len(str(found[0])) < 300


@given(st.text(alphabet="{}[]:,-?&*!|>'\"#%@`\\ \n\tab0", max_size=60))
def test_any_text_is_a_problem_or_a_workflow(text: str) -> None:
    assert problems(text)
