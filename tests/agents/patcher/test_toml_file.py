"""TOML files: everything but the value stays byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from agents.patcher.configuration.interface import Removal, UnchangeableError, UnparsableError
from agents.patcher.configuration.toml_file import change
from agents.patcher.schema import KeyPath

GONE = Removal.REMOVE
SAMPLE = """\
# top
title = "x"   # t
'quoted key' = 'lit'
list = [
  1, # one
  2,
]

[a.b]
c = { d = 1, e = "s" } # c
[[srv]]
n = 1
[[srv]]
n = 2 # second

[tail]
z = 1979-05-27 07:32:00 # date
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("title",), "y", '"x"   #', '"y"   #'),
        (("title",), 'a"\n\x7f', '"x"   #', '"a\\"\\n\\u007f"   #'),
        (("quoted key",), "it", "'lit'", "'it'"),
        (("quoted key",), "it's", "'lit'", '"it\'s"'),
        (("list", 0), 5, "1, #", "5, #"),
        (("list",), [9, "q"], "[\n  1, # one\n  2,\n]", '[9, "q"]'),
        (("list", 2), 7, "  2,\n", "  2,\n  7,\n"),
        (("list", 2), {"k": [1]}, "  2,\n", "  2,\n  { k = [1] },\n"),
        (("a", "b", "c", "d"), 2, "d = 1", "d = 2"),
        (("a", "b", "c"), {"k y": True}, '{ d = 1, e = "s" }', '{ "k y" = true }'),
        (("a", "b", "n"), "q", "} # c\n", '} # c\nn = "q"\n'),
        (("srv", 1, "n"), 5, "n = 2 #", "n = 5 #"),
        (("tail", "z"), False, "1979-05-27 07:32:00", "false"),
        (("tail", "z"), GONE, "z = 1979-05-27 07:32:00 # date\n", ""),
        (("list", 0), GONE, "  1, # one\n", ""),
        (("a", "b", "c"), GONE, 'c = { d = 1, e = "s" } # c\n', ""),
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


@pytest.mark.parametrize(
    ("path", "value", "added"),
    [
        (("n",), 1, ["n = 1"]),
        (("nn", "mm", "k"), 1, ["[nn.mm]", "k = 1"]),
        (("a", "x"), {"k": [1]}, ["[a.x]", "k = [1]"]),
        (("srv", 2), {"n": 3}, ["[[srv]]", "n = 3"]),
    ],
)
def test_what_is_added_takes_no_line_away(path: KeyPath, value: JsonValue, added: list[str]) -> None:
    lines = change(SAMPLE, path, value).text.splitlines()
    old = SAMPLE.splitlines()
    assert [line for line in old if line not in lines] == []
    assert [line for line in lines if line and line not in old] == [line for line in added if line not in old]


def test_a_whole_table_can_go() -> None:
    assert "tail" not in tomllib.loads(change(SAMPLE, ("tail",), GONE).text)
    assert tomllib.loads(change(SAMPLE, ("srv", 0), GONE).text)["srv"] == [{"n": 2}]


def test_a_value_that_is_there_already_is_not_written_anew() -> None:
    assert change(SAMPLE, ("list",), [1, 2]).text == SAMPLE
    assert change("a = 1_000", ("a",), 1000).text == "a = 1_000"
    assert change("a = 1", ("a",), True).text == "a = true"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("title",), None, "TOML has no null"),
        (("n",), {"k": [None]}, "TOML has no null"),
        (("title", "x"), 1, "leads into a value"),
        (("list", 9), 1, "no item 9"),
        (("zz",), GONE, "no `zz` to remove"),
    ],
)
def test_what_cannot_be_is_refused(path: KeyPath, value: JsonValue | Removal, words: str) -> None:
    with pytest.raises(UnchangeableError, match=words):
        change(SAMPLE, path, value)


@pytest.mark.parametrize("text", ["a = 1\nb = \n", "[a\n", "a = 1\na = 2\n"])
def test_what_does_not_parse_is_told_with_its_line(text: str) -> None:
    with pytest.raises(UnparsableError, match="line"):
        change(text, ("a",), 1)


VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@settings(deadline=None)
@given(VALUES, st.sampled_from([("title",), ("quoted key",), ("list",), ("list", 1), ("a", "b", "c", "e"), ("srv", 0, "n")]))
def test_any_value_is_read_back_and_nothing_else_moves(value: JsonValue, path: KeyPath) -> None:
    changed = change(SAMPLE, path, value)
    held: object = tomllib.loads(changed.text)
    for part in path:
        held = held[part]  # type: ignore[index] # the path is known
    assert repr(held) == repr(value)
    assert changed.old is not None
    assert changed.new is not None
    start = changed.offset
    assert changed.text[:start] + changed.old + changed.text[start + len(changed.new) :] == SAMPLE
