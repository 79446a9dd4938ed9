"""YAML files: comments, quotes, order and layout stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from ruamel.yaml import YAML

from agents.patcher.configuration.interface import Removal, UnchangeableError, UnparsableError
from agents.patcher.configuration.yaml_file import change
from agents.patcher.schema import KeyPath

GONE = Removal.REMOVE
SAMPLE = """\
# top
on: push
env:
  A: 'one'   # first
  B: "two"
  C: three
  D: |
    block
    text

  E:
list:
- x
- name: n
  v: 1   # vv
- [1, 2, {a: b}]
# before deep
deep: {a: 1, b: [x, y]}
noted:  # note
  k: 1
8080: port
last: yes
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("env", "A"), "it's", "'one'", "'it''s'"),
        (("env", "B"), "q\n", '"two"', '"q\\n"'),
        (("env", "C"), "four", "C: three", "C: four"),
        (("env", "C"), "on", "C: three", 'C: "on"'),
        (("env", "C"), "1.10", "C: three", 'C: "1.10"'),
        (("env", "C"), "a: b # c", "C: three", 'C: "a: b # c"'),
        (("env", "C"), "", "C: three", 'C: ""'),
        (("env", "C"), None, "C: three", "C: null"),
        (("env", "D"), "short", "|\n    block\n    text\n", "short\n"),
        (("env", "E"), 5, "  E:\n", "  E: 5\n"),
        (("env", "E", "s"), [1], "  E:\n", "  E:\n    s:\n    - 1\n"),
        (("env", "F"), {"g": "h"}, "  E:\n", "  E:\n  F:\n    g: h\n"),
        (("list", 0), "z", "- x\n", "- z\n"),
        (("list", 1, "v"), [1], "v: 1   # vv", "v: [1]   # vv"),
        (("list", 1, "w"), 2, "v: 1   # vv\n", "v: 1   # vv\n  w: 2\n"),
        (("list", 3), {"p": 1, "q": [2]}, "{a: b}]\n", "{a: b}]\n- p: 1\n  q:\n  - 2\n"),
        (("list", 2, 2, "a"), "c, d", "{a: b}", '{a: "c, d"}'),
        (("list", 2, 3), {"z": 1}, "{a: b}]", "{a: b}, {z: 1}]"),
        (("deep", "c"), "w", "[x, y]}", "[x, y], c: w}"),
        (("noted",), 5, "noted:  # note\n  k: 1\n", "noted: 5  # note\n"),
        (("noted",), {"m": 2}, "  k: 1\n", "  m: 2\n"),
        (("list",), {"k": [1]}, "- x\n- name: n\n  v: 1   # vv\n- [1, 2, {a: b}]\n", "  k:\n  - 1\n"),
        (("on",), {"push": {"tags": ["v"]}}, "on: push\n", "on:\n  push:\n    tags:\n    - v\n"),
        ((8080,), "p", "8080: port", "8080: p"),
        (("8080",), "p", "8080: port", "8080: p"),
        (("last",), False, "last: yes\n", "last: false\n"),
        (("new",), "n1", "last: yes\n", "last: yes\nnew: n1\n"),
        (("env", "A"), GONE, "  A: 'one'   # first\n", ""),
        (("env", "D"), GONE, "  D: |\n    block\n    text\n", ""),
        (("list", 0), GONE, "- x\n", ""),
        (("list", 1, "name"), GONE, "name: n\n  v", "v"),
        (("list", 2, 0), GONE, "[1, 2,", "[2,"),
        (("deep", "b"), GONE, ", b: [x, y]", ""),
        (("deep",), GONE, "deep: {a: 1, b: [x, y]}\n", ""),
    ],
)
@pytest.mark.parametrize("carriage", [False, True])
def test_only_the_value_changes(path: KeyPath, value: JsonValue | Removal, old: str, new: str, carriage: bool) -> None:
    text, wanted = SAMPLE, SAMPLE.replace(old, new)
    if carriage:
        text, wanted = text.replace("\n", "\r\n"), wanted.replace("\n", "\r\n")
    assert SAMPLE.count(old) == 1
    assert change(text, path, value).text == wanted
    assert change("\ufeff" + text, path, value).text == "\ufeff" + wanted


def test_a_missing_final_newline_stays_missing() -> None:
    assert change("a: 1\nb: 2", ("b",), 3).text == "a: 1\nb: 3"
    assert change("a: 1\nb: 2", ("c",), 3).text == "a: 1\nb: 2\nc: 3"


def test_the_layout_of_the_file_is_kept_for_what_is_added() -> None:
    text = "a:\n    b: 1\nl:\n    - x\n"
    assert change(text, ("q",), {"m": ["x"]}).text == text + "q:\n    m:\n        - x\n"


def test_marks_of_a_document_stay() -> None:
    text = "---\n# hi\na: 1\n...\n"
    assert change(text, ("b",), "x").text == "---\n# hi\na: 1\nb: x\n...\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [("a: 1.0", 1.0), ("a: 'x'  ", "x"), ("a: &n x", "x"), ("a: [1,   2]", [1, 2]), ("a:\n  - 1\n  # c\n  - 2\n", [1, 2])],
)
def test_a_value_that_is_there_already_is_not_written_anew(text: str, value: JsonValue) -> None:
    assert change(text, ("a",), value).text == text


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        ("a: &q {k: v}\nb: *q\n", ("b",), 1, "shared through an anchor"),
        ("a: &q {k: v}\nb: *q\n", ("a", "k"), 1, "shared through an anchor"),
        ("a: 1\n---\nb: 2\n", ("a",), 1, "several documents"),
        ("a: 1\n", ("a", "b"), 1, "line 1: `a.b` leads into a value that is no mapping"),
        ("a: [1]\n", ("a", 3), 1, "no item 3"),
        ("a: [1]\n", ("a", "x"), 1, "counted from 0"),
        ("a: 1\nb: 2\na: 3\n", ("a",), 1, "line 3: `a` is there twice"),
        ("a: 1\n", ("b",), GONE, "no `b` to remove"),
        ("a: 1\n", ("a",), GONE, "only entry"),
        ("a: &x [*x]\nb: 1\n", ("b",), 2, "leads back to itself"),
        ("", ("a",), 1, "it is empty"),
        ("# nothing\n", ("a",), 1, "it is empty"),
    ],
)
def test_what_cannot_be_is_refused(text: str, path: KeyPath, value: JsonValue | Removal, words: str) -> None:
    with pytest.raises(UnchangeableError, match=words):
        change(text, path, value)


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: [1\n", 3), ("a: 1\n\tb: 2\n", 2), ("a: 1\n b: 2\n", 2), ("a: *x\n", 1)]
)
def test_what_does_not_parse_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(UnparsableError, match=f"line {line}: "):
        change(text, ("a",), 1)


def test_aliases_that_multiply_cost_no_time() -> None:
    bomb = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)) + "z: 1\n"
    assert change(bomb, ("z",), 2).text == bomb.replace("z: 1", "z: 2")


def test_a_text_that_an_object_builder_would_run_is_only_read() -> None:
    text = "a: !!python/object/apply:os.system ['false']\nb: 1\n"
    assert change(text, ("b",), 2).text == text.replace("b: 1", "b: 2")


VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
PATHS: list[KeyPath] = [("on",), ("env", "A"), ("env", "C"), ("env", "D"), ("env", "E"), ("env", "new"), ("list", 0)]
PATHS += [("list", 1, "v"), ("list", 2, 0), ("list", 3), ("deep", "b"), ("deep",), ("noted",), ("list",), ("env",)]


@settings(deadline=None)
@given(VALUES, st.sampled_from(PATHS))
def test_any_value_is_read_back_and_no_other_line_moves(value: JsonValue, path: KeyPath) -> None:
    changed = change(SAMPLE, path, value).text
    held: object = YAML(typ="safe", pure=True).load(changed)
    for part in path:
        held = held[part]  # type: ignore[index] # the path is known
    assert repr(held) == repr(value)
    before, after = SAMPLE.splitlines(), changed.splitlines()
    if len(path) > 1:
        assert [line for line in before if line.startswith(("#", "8080", "last"))] == [
            line for line in after if line.startswith(("#", "8080", "last"))
        ]
