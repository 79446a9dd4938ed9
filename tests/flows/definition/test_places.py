"""YAML is read as plain data, and every value knows where it stands."""

from __future__ import annotations

import pytest

from flows.definition import places
from flows.definition.places import MAX_BYTES, MAX_DEPTH, Document
from flows.definition.problems import DefinitionError


def refusal(text: str) -> str:
    """The one problem of `text`, as printed."""
    with pytest.raises(DefinitionError) as caught:
        places.read(text, "f.yaml")
    (problem,) = caught.value.problems
    return str(problem)


TEXT = """\
name: sample
nodes:
  - id: scan
    inputs: {scope: [all,
      secrets]}
"""


@pytest.mark.parametrize(
    ("place", "mark"),
    [
        ((), (1, 1)),
        (("name",), (1, 7)),
        (("nodes",), (3, 3)),
        (("nodes", 0), (3, 5)),
        (("nodes", 0, "id"), (3, 9)),
        (("nodes", 0, "inputs", "scope", 0), (4, 22)),
        (("nodes", 0, "inputs", "scope", 1), (5, 7)),
    ],
)
def test_values_know_their_line_and_column(place: places.Place, mark: tuple[int, int]) -> None:
    assert places.read(TEXT, "f.yaml").marks[place] == mark


def test_keys_know_theirs() -> None:
    document = places.read(TEXT, "f.yaml")
    assert document.keys[("nodes", 0, "inputs")] == (4, 5)
    assert document.problem("DY002", "x.", ("nodes", 0, "inputs", "scope"), key=True).column == 14
    assert document.problem("DY002", "x.", ("nodes", 0, "inputs", "scope")).column == 21


def test_a_place_that_is_not_there_falls_back_to_what_is_around_it() -> None:
    problem = places.read(TEXT, "f.yaml").problem("DY002", "'agent' is missing.", ("nodes", 0, "agent"))
    assert (problem.line, problem.column) == (3, 5)
    assert Document("f.yaml").problem("DY001", "x.", ("a", 0)).line == 1


def test_columns_count_characters_not_bytes() -> None:
    assert places.read("{ü: 'ö', x: 1}", "f.yaml").marks[("x",)] == (1, 13)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("2026-01-31 10:00:00 +02:00", "2026-01-31 10:00:00 +02:00"),
        ("12:30:45", "12:30:45"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("", None),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("[1, {b: 2}]", [1, {"b": 2}]),
    ],
)
def test_values_are_json(text: str, value: object) -> None:
    read = places.read(f"a: {text}\n", "f.yaml").data
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


def test_keys_are_text() -> None:
    assert places.read("{1: a, true: b, 2026-01-31: c, null: d}", "f.yaml").data == {
        "1": "a", "true": "b", "2026-01-31": "c", "null": "d"
    }  # fmt: skip


def test_a_merge_key_is_an_ordinary_key() -> None:
    assert places.read("<<: {a: 1}", "f.yaml").data == {"<<": {"a": 1}}


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_byte_order_mark_is_no_content(bom: str) -> None:
    assert places.read(f"{bom}a: 1", "f.yaml").data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "where"),
    [("a: 1\nb: 2\na: 3\n", "3:1"), ("a: {b: 1, b: 2}", "1:11"), ("1: x\n'1': y\n", "2:1"), ("- {a: 1, 'a': 1}", "1:10")],
)
def test_a_key_that_stands_twice_is_refused_where_it_stands_again(text: str, where: str) -> None:
    assert refusal(text).startswith(f"f.yaml:{where}: DY001 the key ")


@pytest.mark.parametrize(
    ("text", "where"), [("a: &x 1\nb: *x\n", "2:4"), ("&a [*a]", "1:5"), ("{? &x a : 1, ? *x : 2}", "1:16")]
)
def test_aliases_are_refused_where_they_stand(text: str, where: str) -> None:
    assert refusal(text).startswith(f"f.yaml:{where}: DY001 YAML aliases")


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"{n}: &{n} [*{p},*{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
    assert "aliases" in refusal(bomb)


@pytest.mark.parametrize(
    "value",
    ["!!python/object:os.system x", "!!python/object/apply:os.system [x]", "!!binary aGk=", "!!set {x}", "!!omap [a: 1]",
     "!foo x", "!foo [x]", "!foo {x: 1}", "!!pairs [a: 1]"],
)  # fmt: skip
def test_tags_are_refused(value: str) -> None:
    assert "f.yaml:2:4: DY001 '" in refusal(f"a: 1\nb: {value}\n")
    assert "not available" in refusal(f"a: 1\nb: {value}\n")


@pytest.mark.parametrize(
    "value", ["!!int many", "!!float many", "!!bool many", "9" * 5000, "!!int '1e5'", "%YAML", ".nan", ".inf", "-.inf"]
)
def test_values_that_are_not_what_they_say_are_refused(value: str) -> None:
    assert refusal(f"a: {value}\n").startswith("f.yaml:1:4: DY001 ")


def test_depth_is_bounded() -> None:
    assert places.read("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f.yaml").marks
    assert refusal("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == (
        f"f.yaml:1:{MAX_DEPTH + 1}: DY001 nested deeper than {MAX_DEPTH} levels."
    )
    for opened in ("[", "{a: ", "- ", "? ", "[{"):
        assert "nested deeper" in refusal(opened * 50_000)


def test_size_is_bounded_in_bytes() -> None:
    assert places.read("a: " + "x" * (MAX_BYTES - 3), "f.yaml").data
    assert refusal("a: " + "x" * (MAX_BYTES - 2)) == "f.yaml:1:1: DY001 the file is larger than 256 KiB."
    assert "larger" in refusal("a: " + "ü" * (MAX_BYTES // 2))


@pytest.mark.parametrize("text", ["", "\n\n", "# only words\n"])
def test_an_empty_file_says_so(text: str) -> None:
    assert refusal(text).startswith("f.yaml:1:1: DY001 the file is empty.")


@pytest.mark.parametrize(
    "text",
    ["a: \0", "a: \x07", "\ud800", "a: [1", "a: 'x", "a: b: c", "\ta: 1", "%FOO\n", "a: 1\n---\nb: 1\n", "*x", "- a\nb: 1"],
)
def test_what_is_no_yaml_is_one_line(text: str) -> None:
    printed = refusal(text)
    assert printed.startswith("f.yaml:")
    assert " DY001 " in printed
    assert "\n" not in printed
