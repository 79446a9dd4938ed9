"""Templates keep types, stay strict, and neither blow up nor let anything out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition.templates import MAX_TEMPLATE_CHARS, Reference, TemplateProblemError, is_template, parse, render
from flows.settings import ROOT

if TYPE_CHECKING:
    from pydantic import JsonValue

OUTPUT: dict[str, JsonValue] = {
    "summary": {"critical": 2, "total": 5},
    "findings": [{"rule": "a/b", "line": 3}, {"rule": "c/d", "line": None}],
    "items": ["i"], "values": "v", "keys": {"get": "g"}, "count": 4, "update": "u", "pop": "p", "copy": "c", "0": "zero",
    "ratio": 0.5, "clean": False, "nothing": None, "text": "hello",
}  # fmt: skip
VALUES: dict[str, JsonValue] = {
    "scan": {"status": "completed", "error": None, "output": OUTPUT},
    "params": {"name": "x", "big": "y" * 100_000, "many": [1] * 100_000},
}


def value(text: str, values: dict[str, JsonValue] | None = None) -> JsonValue:
    """What `text` gives."""
    return render(parse(text), VALUES if values is None else values)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ scan.output.summary.critical }}", 2),
        ("{{ scan.output.ratio }}", 0.5),
        ("{{ scan.output.clean }}", False),
        ("{{ scan.output.nothing }}", None),
        ("{{ scan.output.text }}", "hello"),
        ("{{ scan.output.summary }}", {"critical": 2, "total": 5}),
        ("{{ scan.output.findings }}", [{"rule": "a/b", "line": 3}, {"rule": "c/d", "line": None}]),
        ("{{ scan.output.summary.critical > 0 }}", True),
        ("{{ scan.output.summary.critical + 1 }}", 3),
        ("{{ scan.output.findings[0].line }}", 3),
        ("{{ scan.output.findings[-1]['rule'] }}", "c/d"),
        ("{{ scan.output.findings | map(attribute='rule') | list }}", ["a/b", "c/d"]),
        ("{{ scan.output.findings | map(attribute='rule') }}", ["a/b", "c/d"]),
        ("{{ scan.output.findings | selectattr('line') | list | length }}", 1),
        ("{{ [scan.output.count, {'a': scan.output.text}] }}", [4, {"a": "hello"}]),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ scan.output.text if scan.output.clean else 'dirty' }}", "dirty"),
        ("\n  {{ scan.output.count }}\n", 4),
        ("{{- scan.output.count -}}", 4),
        ("{{--5}}", -5),
        ("{# why #}{{ scan.output.count }}{# how #}", 4),
        ("{{ '}}' }}", "}}"),
        ("{{ none }}", None),
        ("{{ '' }}", ""),
    ],
)
def test_one_whole_expression_keeps_its_type(text: str, wanted: JsonValue) -> None:
    template = parse(text)
    assert template.whole is True
    given_back = render(template, VALUES)
    assert given_back == wanted
    assert type(given_back) is type(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ scan.output.count }} found", "4 found"),
        ("{{ 5 }}{{ 6 }}", "56"),
        (" pad {{ 1 }} \n", " pad 1 \n"),
        ("line\n{{ 1 }}\n", "line\n1\n"),
        ("a{# nothing #}b", "ab"),
        ("{% raw %}{{ not.a.template }}{% endraw %}", "{{ not.a.template }}"),
        ("{{ scan.output.count }}{{ scan.output.nothing | default('-', true) }}", "4-"),
    ],
)
def test_anything_else_is_text(text: str, wanted: str) -> None:
    template = parse(text)
    assert template.whole is False
    assert render(template, VALUES) == wanted


def test_what_comes_back_is_a_copy() -> None:
    inner: list[JsonValue] = [1]
    values: dict[str, JsonValue] = {"a": inner}
    copied = value("{{ a }}", values)
    assert isinstance(copied, list)
    copied.append(2)
    assert inner == [1]


@pytest.mark.parametrize("field", ["items", "values", "keys", "count", "update", "pop", "copy", "0"])
def test_a_field_named_like_a_method_is_the_field(field: str) -> None:
    assert value(f"{{{{ scan.output['{field}'] }}}}") == OUTPUT[field]
    if field.isidentifier():
        assert value(f"{{{{ scan.output.{field} }}}}") == OUTPUT[field]
        assert value(f"{{{{ [scan] | map(attribute='output.{field}') | first }}}}") == OUTPUT[field]


@pytest.mark.parametrize(
    "text",
    [
        "{{ scan.nope.deep.er | default('d') }}",
        "{{ nope | default('d') }}",
        "{{ nope.a.b['c'] | d('d') }}",
        "{{ scan.output.findings[7].rule | default('d') }}",
        "{{ scan.output.text.upper | default('d') }}",
        "{{ 'd' if scan.nope.deep is undefined else 'x' }}",
        "{{ scan.output.nothing | default('d', true) }}",
    ],
)
def test_default_bridges_whatever_is_missing_on_the_way(text: str) -> None:
    assert value(text) == "d"


def test_default_leaves_what_is_there() -> None:
    assert value("{{ scan.output.count | default(0) }}") == 4
    assert value("{{ scan.output.nothing | default('d') }}") is None
    assert value("{{ scan.nope is defined }}") is False


@pytest.mark.parametrize(
    "text",
    [
        "{{ nope }}",
        "{{ scan.nope }}",
        "{{ scan.output.findings[7] }}",
        "{{ scan.output.findings.rule }}",
        "x {{ scan.nope.deep }}",
        "{{ [scan.nope] }}",
        "{{ {'a': scan.nope} }}",
        "{{ scan.nope + 1 }}",
        "{{ scan.nope ~ 'x' }}",
        "{{ scan.nope == 1 }}",
        "{{ scan.nope | upper }}",
        "{{ scan.nope | length | default(0) }}",
        "{{ 1 if scan.nope else 2 }}",
        "{{ [scan] | map(attribute='nope') | list }}",
        "{{ scan.output.count or scan.nope }} {{ scan.output.clean or scan.nope }}",
    ],
)
def test_what_is_missing_is_a_problem(text: str) -> None:
    with pytest.raises(TemplateProblemError, match=r"has no|undefined|no element|no item"):
        value(text)


HOSTILE = [
    "{{ 7*7 }}", "{{ params.big }}", "{% raw %}", "{# x #}", "}}", "{{", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "[1, 2]", "['a']", "{'a': 1}", '{"a": 1}', "True", "None", "1", "1e5", "~", "- a\n- b", "a: b", "&x [*x]",
    "!!python/object:os.system x", "'", '"', "\\", "\\x41", "\n", "\0", "' ~ scan ~ '", "'}} {{ 1", "\ud800", "\u202e",
    "<script>", "&lt;", "%s %(a)s {0.__class__}",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("{{ a.output }}", "{}"),
        ("before {{ a.output }} after", "before {} after"),
        ("{{ a.output }}{{ a.output }}", "{}{}"),
        ("{{ a.output ~ '' }}", "{}"),
        ("{{ [a.output] | join('-') }}", "{}"),
        ("{{ a.output | default('x') }}", "{}"),
        ("{{ [[a.output]] | first | first }}", "{}"),
    ],
)
def test_an_agents_output_stays_text_without_meaning(hostile: str, text: str, shape: str) -> None:
    given_back = value(text, {"a": {"output": hostile}})
    assert given_back == shape.replace("{}", hostile)
    assert type(given_back) is str


@given(st.text())
def test_any_output_comes_through_as_it_is(text: str) -> None:
    values: dict[str, JsonValue] = {"a": {"output": text}}
    assert value("{{ a.output }}", values) == text
    assert value("<{{ a.output }}>", values) == f"<{text}>"
    written = value("{{ a | tojson }}", values)
    assert isinstance(written, str)
    assert json.loads(written) == {"output": text}


def test_tojson_writes_json_and_no_html() -> None:
    assert value("{{ a | tojson }}", {"a": {"k": 'it\'s <b> & "ü"'}}) == '{"k": "it\'s <b> & \\"ü\\""}'
    assert value("{{ a | tojson(indent=2) }}", {"a": [1]}) == "[\n  1\n]"


ESCAPES = [
    "''.__class__", "''.__class__.__mro__[1].__subclasses__()", "[].__class__.__base__", "scan.__class__",
    "scan['__class__']", "scan.__init__.__globals__", "scan.output.text.__class__.__name__", "''|attr('__class__')",
    "[scan]|map('attr', '__class__')|list", "[scan]|map(attribute='__class__')|list",
    "[scan]|sum(attribute='__class__')", "[scan]|join(attribute='__class__.__name__')",
    "[scan]|selectattr('__class__')|list", "[scan]|groupby('__class__')", "self", "self.__init__",
    "self._TemplateReference__context", "self['_TemplateReference__context'].environment", "cycler",
    "cycler.__init__.__globals__.os", "cycler('a')", "lipsum", "lipsum()",
    "lipsum.__globals__['os'].popen('id').read()", "joiner", "joiner()", "joiner.__init__.__globals__", "namespace",
    "namespace(a=1)", "dict(a=1)", "range(3)", "range", "caller()", "super()", "loop", "context", "environment",
    "request", "config", "g", "url_for.__globals__", "'{0.__class__}'.format(scan)", "'{0.__class__}'|format(scan)",
    "'%s' % scan", "'%(a)s' % {'a': 1}", "['%s']|map('format', 1)|list", "'{a.__class__}'.format_map(scan)",
    "scan.output.update({'a': 1})", "[1].append(2)", "''.join(['a'])", "scan.get('output')", "scan.output.items()",
    "(1).real", "(1.5).is_integer()", "true.__class__", "none.__class__", "''['__class__']", "''|string|attr('x')",
    "scan|xmlattr", "scan|pprint", "'a'|e", "'a'|safe", "'a'|forceescape", "'<a>'|striptags", "'a'|urlize",
    "'a'|wordwrap", "'a'|center(9)", "'a'|indent(9)", "[1]|batch(1)", "[1]|slice(1)", "[1]|random",
    "1|filesizeformat", "'a'|truncate(1)", "'a'|wordcount",
]  # fmt: skip


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_leads_out_of_the_values(escape: str) -> None:
    for text in (f"{{{{ {escape} }}}}", f"x {{{{ {escape} }}}}"):
        with pytest.raises(TemplateProblemError):
            value(text)


@pytest.mark.parametrize(
    "text",
    ["{% set x = 1 %}", "{% for x in scan %}{% endfor %}", "{% if true %}x{% endif %}", "{% import 'os' as os %}",
     "{% include '/etc/passwd' %}", "{% extends 'x' %}", "{% macro m() %}{% endmacro %}", "{% block b %}{% endblock %}",
     "{% filter upper %}x{% endfilter %}", "{% with a=1 %}{% endwith %}", "{% call x() %}{% endcall %}", "{% do 1 %}",
     "{% autoescape true %}{% endautoescape %}", "{{ 1 }}{% set x = 1 %}"],
)  # fmt: skip
def test_statements_are_refused(text: str) -> None:
    with pytest.raises(TemplateProblemError):
        parse(text)


BOMBS = {
    "repeated text": "{{ 'a' * 10**9 }}",
    "repeated text, plainly": "{{ 'a' * 1000000000 }}",
    "repeated list": "{{ [1] * 1000000000 }}",
    "repeated by a boolean": "{{ true * 'a' }}",
    "power": "{{ 9**9**9**9 }}",
    "power in text": "x {{ 2**99999999 }}",
    "range": "{{ range(10**9) | list }}",
    "a join": "{{ params.big" + " ~ params.big" * 1400 + " }}",
    "a text of many": "{{ params.big }}" * 1200,
    "big numbers": "{{ " + "9" * 4000 + " * " + "9" * 4000 + " }}",
    "numbers beyond Python": "{{ " + "9" * 5000 + " }}",
    "multiplied numbers": "{{ " + " * ".join(["9" * 20] * 4) + " }}",
    "an infinite number": "{{ 1e999 }}",
    "a number that becomes infinite": "{{ 1e308 * 10 }}",
    "not a number": "{{ 'nan' | float }}",
    "replaced by much": "{{ params.big | replace('y', params.big) }}",
    "replaced between all": "{{ params.big | replace('', params.big) }}",
    "joined by much": "{{ params.many | join(params.big) }}",
    "quotes doubled": "{{ '\"'" + " | tojson" * 45 + " }}",
    "indented": "{{ params.many | tojson(indent=100000) }}",
    "rounded to ages": "{{ 1.5 | round(1000000000, 'ceil') }}",
    "rounded to ages ago": "{{ 5 | round(-1000000000, 'floor') }}",
    "mapped to much": "{{ params.many | map('replace', '1', params.big) | list | length }}",
    "a list of lists": "{{ [" + "params.many," * 1500 + "] }}",
    "a list of lists as text": "{{ [" + "params.big," * 1500 + "] | string }}",
    "a list of lists in text": "x {{ [" + "params.big," * 1500 + "] }}",
    "added lists": "{{ [params.many, params.many] | sum(start=[]) }}",
    "added texts": "{{ params.big" + " + params.big" * 45 + " }}",
    "formatted": "{{ '%1000000000d' % 1 }}",
    "centered": "{{ 'a' | center(1000000000) }}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 500 + "]" * 500 + " }}",
    "many minuses": "{{ " + "-" * 10_000 + "1 }}",
    "many nots": "{{ " + "not " * 4000 + "1 }}",
    "many additions": "{{ 1" + "+1" * 5000 + " }}",
    "many filters": "{{ 'a'" + "|upper" * 2000 + " }}",
    "many dots": "{{ a" + ".a" * 5000 + " }}",
    "too long": "{{ '" + "x" * MAX_TEMPLATE_CHARS + "' }}",
}

ONE_BOMB = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from flows.definition.templates import TemplateProblemError, parse, render
values = {"params": {"big": "y" * 100_000, "many": [1] * 100_000}}
for text in json.load(sys.stdin):
    try:
        render(parse(text), values)
        print("rendered")
    except TemplateProblemError as error:
        print("refused", len(str(error)))
"""


def test_bombs_are_refused_at_once_and_in_little_memory() -> None:
    # A child, because a bomb that goes off cannot be stopped from within: 1 GiB, and a second each with much room.
    done = subprocess.run(
        [sys.executable, "-c", ONE_BOMB],
        input=json.dumps(list(BOMBS.values())),
        capture_output=True,
        text=True,
        check=False,
        timeout=len(BOMBS) + 60,
        cwd=ROOT,
    )
    assert done.stderr == ""
    answers = dict(zip(BOMBS, done.stdout.splitlines(), strict=True))
    assert {name for name, answer in answers.items() if not answer.startswith("refused")} == set()
    assert {name for name, answer in answers.items() if int(answer.split()[1]) > 600} == set()


def test_much_that_is_no_bomb_passes() -> None:
    findings: list[JsonValue] = [{"rule": f"a/b{n}", "message": "m" * 100, "line": n} for n in range(50_000)]
    values: dict[str, JsonValue] = {"scan": {"output": {"findings": findings}}}
    assert value("{{ scan.output.findings }}", values) == findings
    assert value("{{ scan.output.findings | selectattr('line') | list | length }}", values) == 49_999
    assert value("{{ (scan.output.findings + scan.output.findings) | length }}", values) == 100_000
    assert value("{{ scan.output.findings | map(attribute='rule') | unique | list | length }}", values) == 50_000


@pytest.mark.parametrize(
    ("text", "references", "plain"),
    [
        ("{{ scan.output.findings }}", [("scan", "output", "findings", False)], True),
        ("{{ scan['output'].findings[0].rule }}", [("scan", "output", "findings", 0, "rule", False)], True),
        ("{{ scan.output.findings[-1] }}", [("scan", "output", "findings", False)], False),
        ("{{ a.output.x + b.output.y }}", [("a", "output", "x", False), ("b", "output", "y", False)], False),
        ("{{ a.output.x | default(b.output.y) }}", [("a", "output", "x", True), ("b", "output", "y", False)], False),
        ("{{ a.output.x | default(1) | string }}", [("a", "output", "x", True)], False),
        ("{{ (a.output.x + 1) | default(1) }}", [("a", "output", "x", False)], False),
        ("{{ a.output.x | length | default(1) }}", [("a", "output", "x", False)], False),
        ("{{ a.output[params.key].z | default(1) }}", [("a", "output", True), ("params", "key", False)], False),
        ("{{ a.output.x is defined }}", [("a", "output", "x", True)], False),
        ("{{ a.status }} and {{ b.status }}", [("a", "status", False), ("b", "status", False)], False),
        ("no reference", [], False),
        ("{% raw %}{{ a.b }}{% endraw %}", [], False),
    ],
)
def test_references_are_found(text: str, references: list[tuple[str | int | bool, ...]], plain: bool) -> None:
    template = parse(text)
    wanted = [Reference(tuple(path), bool(optional)) for *path, optional in references]
    assert list(template.references) == wanted
    assert template.plain is plain


@pytest.mark.parametrize(
    ("given_text", "answer"),
    [
        ("{{ x }}", True),
        ("{% x %}", True),
        ("{# x #}", True),
        ("{ x }", False),
        ("}} %}", False),
        ("", False),
        (5, False),
        (None, False),
    ],
)
def test_only_text_with_marks_is_a_template(given_text: object, answer: bool) -> None:
    assert is_template(given_text) is answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ scan. }}", "not a valid template: expected name or number"),
        ("{{ scan", "unexpected end"),
        ("{{ x | uper }}", "there is no filter 'uper'. Did you mean 'upper'?"),
        ("{{ x is definde }}", "there is no test 'definde'. Did you mean 'defined'?"),
        ("{{ f(1) }}", "nothing can be called"),
        ("{{ 2 ** 3 }}", "'**' is not available"),
    ],
)
def test_a_template_that_cannot_work_is_refused_before_it_runs(text: str, reason: str) -> None:
    with pytest.raises(TemplateProblemError) as caught:
        parse(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ scan < 1 }}", "{{ [1] | sum(attribute='a') }}", "{{ 5 | join }}"]
)
def test_an_error_names_the_template(text: str) -> None:
    with pytest.raises(TemplateProblemError) as caught:
        value(text)
    assert str(caught.value).startswith(f"`{text}`: ")


@pytest.mark.parametrize(
    "name", ["self", "caller", "loop", "context", "environment", "range", "resolve", "undefined", "name", "str_join"]
)
def test_a_node_may_have_a_name_that_jinja_knows(name: str) -> None:
    values: dict[str, JsonValue] = {name: {"output": 1}, "other": 2}
    assert value("{{ other }}", values) == 2
    assert value("x{{ other }}", values) == "x2"
    if name != "self":  # reserved: the schema refuses it as an id
        assert value(f"{{{{ {name}.output }}}}", values) == 1
