"""Templates keep types, stay strict, and neither blow up nor let anything out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.definition.templates import Reference, TemplateProblemError, is_template, parse, render
from tests.bench import bombs

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
    # CVE-2016-10745, CVE-2019-10906: str.format and format_map; CVE-2024-56326: a stored reference to them;
    # CVE-2025-27516: the same through |attr; CVE-2024-56201: names of templates.
    "'{0.__class__.__init__.__globals__}'.format(scan)", "'{a.__class__}'.format_map({'a': scan})",
    "{'f': ''.format}.f(scan)", "[''.format]|first", "['{0.__class__}']|map('attr', 'format')|list",
    "('{0.__class__}'|attr('format'))(scan)", "''|attr('for' ~ 'mat')", "['']|map(attribute='format')|list",
    # Names put together, and every filter that reads an attribute.
    "''['__cl' ~ 'ass__']", "scan['__cl' ~ 'ass__']", "scan.output['__init__']['__globals__']",
    "[scan]|map(attribute='output.__class__.__mro__')|list", "[scan]|rejectattr('__class__')|list",
    "[scan, scan]|sort(attribute='__class__')", "[scan]|unique(attribute='__class__')|list",
    "[scan, scan]|max(attribute='__class__')",
    "[scan, scan]|min(attribute='__class__')", "[scan]|map('__class__')|list", "[scan]|select('__class__')|list",
    "[scan]|select('callable', 1)|list", "[scan]|map('map', attribute='__class__')|list",
    "(1, 2).__class__", "().__class__.__bases__[0]", "{}.__class__", "{}.fromkeys", "[].sort.__func__", "0.0.__class__",
    "scan.__getattribute__('x')", "scan.output.__reduce_ex__(2)", "scan.__dict__", "scan.__subclasshook__", "nope.__class__",
    "nope._undefined_exception", "(nope|default(self)).__init__", "environment.filters", "resolve('scan')", "undefined",
    "scan is filter('x')", "get_flashed_messages.__globals__", "cycler.next", "x = 1", "lambda: 1",
    "[x for x in scan]", "`id`", "print(1)", "__import__('os')", "__builtins__", "exec('1')", "yield", "await scan", "*scan",
    "'a'|map(**{'attribute': 'x'})|list", "scan|default(*['a'])", "caller.__globals__", "_('a')", "gettext('a')",
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


def test_bombs_are_refused_in_little_memory() -> None:
    # A child, because a bomb that goes off cannot be stopped from within. What each costs in time, `make bench` prints.
    answers = bombs.go_off(bombs.ALL)
    assert {name: answer for name, answer in answers.items() if not answer.refusal} == {}
    assert {name: answer for name, answer in answers.items() if len(answer.refusal) > 600} == {}


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


WORDS = st.sampled_from(
    ["a", "a.b", "x[0]", "'t'", "1", "2.5", "none", "+", "-", "*", "~", "==", "<", "in", "not", "and", "or", "if", "else",
     "is", "defined", "eq 1", "|", "default(1)", "map(attribute='b')", "join(d=',')", "round(1, 'ceil')", "(", ")", "[", "]",
     "{", "}", ":", ",", "'k': 1", "loop", "caller", "class", "None", "async", "await", "print", "l_0_a", "environment",
     "context", "yield"]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(WORDS, min_size=1, max_size=8).map(" ".join))
def test_what_can_be_parsed_can_be_compiled(expression: str) -> None:
    for text in (f"{{{{ {expression} }}}}", f"x {{{{ {expression} }}}} y {{{{ {expression} }}}}"):
        try:
            template = parse(text)
        except TemplateProblemError:
            return
        assert template.program
