"""Canonical JSON: one text for what is equal, and a text that reads back as what it was."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from flows.canonical import canonical, digest
from flows.errors import InvalidInputError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def test_the_form_is_the_documented_one() -> None:
    value: JsonValue = {"b": [1, 2.0, 0.1, None, True], "a": 'ü "q" \\ \n \x00 /'}
    assert canonical(value) == '{"a":"ü \\"q\\" \\\\ \\n \\u0000 /","b":[1,2,0.1,null,true]}'
    assert digest(value) == hashlib.sha256(canonical(value).encode()).hexdigest()


def test_the_order_in_which_keys_were_written_does_not_matter() -> None:
    assert canonical({"b": 1, "a": {"d": 1, "c": 2}}) == canonical({"a": {"c": 2, "d": 1}, "b": 1})


def test_text_that_only_looks_the_same_is_another() -> None:
    assert digest("é") != digest("e\u0301")


@pytest.mark.parametrize("value", [-0.0, 0.0, 0])
def test_zero_has_one_form(value: float) -> None:
    assert canonical(value) == "0"


@given(VALUES)
def test_what_is_read_back_has_the_same_text(value: JsonValue) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}])
def test_refuses_what_other_readers_could_not_read(value: JsonValue) -> None:
    with pytest.raises(InvalidInputError, match="canonical JSON"):
        canonical(value)


def test_refuses_what_is_nested_beyond_all_measure() -> None:
    value: JsonValue = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidInputError):
        digest(value)
