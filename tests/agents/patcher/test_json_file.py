"""JSON files: everything but the value stays byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from agents.patcher.configuration.interface import Removal, UnchangeableError, UnparsableError, expected
from agents.patcher.configuration.json_file import change, change_commented
from agents.patcher.schema import KeyPath

GONE = Removal.REMOVE
SAMPLE = """\
{
    "a" : 1,
    "b": {"x": [1, 2], "y": "z"},
    "c": [
        "one",
        "two"
    ],
    "e": {}
}"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("a",), 2, '"a" : 1,', '"a" : 2,'),
        (("a",), "ü\n", '"a" : 1,', '"a" : "ü\\n",'),
        (("b", "x", 0), 9, "[1, 2]", "[9, 2]"),
        (("b", "x", 2), 3, "[1, 2]", "[1, 2, 3]"),
        (("b", "x"), [True, {}], "[1, 2]", "[true, {}]"),
        (("b", "n"), None, '"y": "z"}', '"y": "z", "n": null}'),
        (("c", 2), "three", '"two"\n', '"two",\n        "three"\n'),
        (("c",), ["x"], '[\n        "one",\n        "two"\n    ]', '[\n        "x"\n    ]'),
        (("e", "k"), 1, '"e": {}', '"e": {\n        "k": 1\n    }'),
        (("n", "m"), [], '"e": {}', '"e": {},\n    "n": {\n        "m": []\n    }'),
        (("a",), GONE, '    "a" : 1,\n', ""),
        (("c", 0), GONE, '        "one",\n', ""),
        (("c", 1), GONE, ',\n        "two"', ""),
        (("b", "x"), GONE, '"x": [1, 2], ', ""),
        (("b", "y"), GONE, ', "y": "z"', ""),
        (("e",), GONE, ',\n    "e": {}', ""),
    ],
)
@pytest.mark.parametrize("carriage", [False, True])
def test_only_the_value_changes(path: KeyPath, value: JsonValue | Removal, old: str, new: str, carriage: bool) -> None:
    text, wanted = SAMPLE, SAMPLE.replace(old, new)
    if carriage:
        text, wanted = text.replace("\n", "\r\n"), wanted.replace("\n", "\r\n")
    assert SAMPLE.count(old) == 1
    assert change(text, path, value).text == wanted
    assert change("\ufeff" + text + "\n\n", path, value).text == "\ufeff" + wanted + "\n\n"


def test_old_new_and_place_are_told() -> None:
    changed = change(SAMPLE, ("b", "y"), "w")
    assert (changed.old, changed.new) == ('"z"', '"w"')
    assert SAMPLE[changed.offset :].startswith('"z"')


@pytest.mark.parametrize("text", ['{"a": 1.50}', '{"a": [1,2]}', '{"a":\t"\\u00fc"}', '{"a": {"b": 1, "c": 2}}'])
def test_a_value_that_is_there_already_is_not_written_anew(text: str) -> None:
    assert change(text, ("a",), json.loads(text)["a"]).text == text


def test_true_is_not_one() -> None:
    assert change('{"a": 1}', ("a",), True).text == '{"a": true}'
    assert change('{"a": 1}', ("a",), 1.0).text == '{"a": 1.0}'


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("a", "q"), 1, "leads into a value that is no object"),
        (("c", 5), 1, "2 items, counted from 0, and no item 5"),
        (("c", -1), 1, "no item -1"),
        (("c", "x"), 1, "no object"),
        (("b", 0), 1, "no list"),
        (("zz",), GONE, "no `zz` to remove"),
        (("zz", "y"), GONE, "no `zz` to remove"),
        (("c", 2), GONE, "no item 2"),
        (("new", 1), 1, "begin with 0"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: KeyPath, value: JsonValue | Removal, words: str) -> None:
    with pytest.raises(UnchangeableError, match=words):
        change(SAMPLE, path, value)


def test_a_key_that_is_there_twice_is_refused_with_its_line() -> None:
    with pytest.raises(UnchangeableError, match="line 3: `a` is there twice"):
        change('{\n"a": 1,\n"a": 2\n}', ("a",), 3)


@pytest.mark.parametrize(
    ("text", "line"), [("{\n'a': 1}", 2), ('{"a": 1,\n}', 2), ("", 1), ('{"a": NaN}', 1), ("[" * 90_000, 1), ("{} x", 1)]
)
def test_what_does_not_parse_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(UnparsableError, match=f"^line {line}: "):
        change(text, ("a",), 1)


COMMENTED = """\
// top: "no key" {
{
  "a": 1, // about a
  /* about b, */
  "b": [1, 2,], // tail of b
  "u": "http://x" // not a comment before
  // end
}
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("a",), 5, '"a": 1, //', '"a": 5, //'),
        (("b", 2), 3, "[1, 2,]", "[1, 2, 3,]"),
        (("b", 1), GONE, "[1, 2,]", "[1, ]"),
        (("u",), "y", '"http://x"', '"y"'),
        (("n",), 1, '"http://x" // not a comment before\n', '"http://x", // not a comment before\n  "n": 1\n'),
        (("a",), GONE, '  "a": 1, // about a\n', ""),
        (("b",), GONE, '  "b": [1, 2,], // tail of b\n', ""),
    ],
)
def test_comments_stay_with_what_they_are_about(path: KeyPath, value: JsonValue | Removal, old: str, new: str) -> None:
    assert COMMENTED.count(old) == 1
    assert change_commented(COMMENTED, path, value).text == COMMENTED.replace(old, new)


def test_strict_json_has_no_comments() -> None:
    with pytest.raises(UnparsableError, match="line 1"):
        change(COMMENTED, ("a",), 1)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[str, JsonValue, KeyPath]:
    data = draw(st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=4))
    path: list[str | int] = []
    held: object = data
    while True:
        if isinstance(held, dict):
            part: str | int = draw(st.sampled_from([*held, "new"]))
            held = held.get(part) if isinstance(part, str) else None
        elif isinstance(held, list):
            part = draw(st.integers(0, len(held)))
            held = held[part] if part < len(held) else None
        else:
            break
        path.append(part)
        if draw(st.booleans()):
            break
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":"), (" , ", " : ")]))
    text = json.dumps(data, indent=indent, ensure_ascii=draw(st.booleans()), separators=separators)
    return text, data, tuple(path)


@settings(deadline=None)
@given(_cases(), st.one_of(JSON, st.just(GONE)))
def test_whatever_the_layout_the_data_is_what_was_asked_for(
    case: tuple[str, JsonValue, KeyPath], value: JsonValue | Removal
) -> None:
    text, data, path = case
    try:
        wanted = expected(data, path, value)
    except UnchangeableError:
        with pytest.raises(UnchangeableError):
            change(text, path, value)
        return
    changed = change(text, path, value)
    assert json.dumps(json.loads(changed.text)) == json.dumps(wanted)
    if changed.old is not None and changed.new is not None:
        start = changed.offset
        assert text == changed.text[:start] + changed.old + changed.text[start + len(changed.new) :]
