"""package.json: only the version's span changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.patcher.dependencies.interface import UnreadableManifestError
from agents.patcher.dependencies.package_json import TABLES, places
from agents.patcher.edits import apply
from agents.patcher.schema import DependencyUpdate

UPDATE = DependencyUpdate(name="left-pad", version="1.3.0")


def transformed(text: str, update: DependencyUpdate = UPDATE) -> str:
    return apply(text, [place.edit for place in places(text, update) if place.edit])


@pytest.mark.parametrize("table", TABLES)
def test_all_four_tables_are_read(table: str) -> None:
    text = f'{{\n\t"name": "x",\r\n  "{table}": {{ "left-pad" : "^1.2.0",\n "b": "1.2.0"}}}}'
    assert transformed(text) == text.replace("^1.2.0", "^1.3.0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"left-pad": "~1.2.3"', '"left-pad": "~1.3.0"'),
        ('"left-pad":">=1.2.3 <2"', '"left-pad":">=1.3.0 <2"'),
        ('"left-pad": "npm:left-pad@^1.0.0"', '"left-pad": "npm:left-pad@^1.3.0"'),
        ('"alias": "npm:left-pad@1.0.0"', '"alias": "npm:left-pad@1.3.0"'),
        ('"left\\u002dpad": "1.0.0"', '"left\\u002dpad": "1.3.0"'),
    ],
)
def test_only_the_version_changes(before: str, after: str) -> None:
    frame = '\ufeff{"dependencies": {%s, "z": "1.0.0"}}\n'
    assert transformed(frame % before) == frame % after


def test_scoped_names_are_compared_whole() -> None:
    text = '{"dependencies": {"@a/b": "^1.0.0", "@c/b": "^1.0.0", "b": "^1.0.0"}}'
    assert transformed(text, DependencyUpdate(name="@a/b", version="1.1.0")) == text.replace(
        '"@a/b": "^1.0.0"', '"@a/b": "^1.1.0"'
    )


@pytest.mark.parametrize(
    "value",
    ['"workspace:^"', '"file:../x"', '"link:../x"', '"git+ssh://git@h/x.git#v1"', '"github:u/x"', '"u/x#semver:^1.0.0"',
     '"https://example.org/x.tgz"', '"../x"', '"catalog:"', '{"version": "1.0.0"}', "7", '"\\u005e1.0.0"', '"npm:left-pad"'],
)  # fmt: skip
def test_what_does_not_come_by_version_stays_with_a_reason(value: str) -> None:
    text = f'{{"dependencies": {{"left-pad": {value}}}}}'
    assert transformed(text) == text
    (place,) = places(text, UPDATE)
    assert place.reason


def test_an_alias_of_something_else_is_something_else() -> None:
    assert places('{"dependencies": {"left-pad": "npm:other@1.0.0"}}', UPDATE) == []


@pytest.mark.parametrize("table", ["overrides", "resolutions"])
def test_pins_for_the_whole_tree_are_told(table: str) -> None:
    (place,) = places(f'{{"{table}": {{"left-pad": "1.0.0"}}}}', UPDATE)
    assert "pins the dependency for the whole tree" in place.reason


@pytest.mark.parametrize("text", ["{", "", '{"a": NaN}', '{"a": 1,}', "[" * 100_000])
def test_what_does_not_parse_is_told_with_its_line(text: str) -> None:
    with pytest.raises(UnreadableManifestError, match=r"^line \d+: "):
        places(text, UPDATE)


@pytest.mark.parametrize("text", ["[]", '"x"', '{"dependencies": []}', '{"dependencies": null}', "{}"])
def test_other_shapes_name_nothing(text: str) -> None:
    assert places(text, UPDATE) == []


NAMES = st.sampled_from(["left-pad", "b", 'q"uo\\te', "ü", ""])
RANGES = st.sampled_from(["^1.0.0", "1.2.3", "~0.1.0", "*", "file:x", "ü", "^1.0.0 || 2"])
MANIFESTS = st.dictionaries(
    st.sampled_from([*TABLES, "scripts", "files"]),
    st.one_of(st.dictionaries(NAMES, RANGES), st.lists(RANGES), RANGES),
)


@settings(deadline=None)
@given(MANIFESTS, st.sampled_from([None, 1, 2, "\t"]), st.booleans(), st.booleans())
def test_whatever_the_layout_the_data_is_the_same_but_for_versions(
    data: dict[str, object], indent: int | str | None, escaped: bool, carriage: bool
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=escaped)
    text = text.replace("\n", "\r\n") if carriage else text
    found = [place.edit for place in places(text, UPDATE) if place.edit]
    after = apply(text, found)
    assert len(after.splitlines()) == len(text.splitlines())
    wanted = json.loads(text)
    for table in TABLES:
        held = wanted.get(table)
        if isinstance(held, dict) and held.get("left-pad") in {"^1.0.0", "1.2.3", "~0.1.0"}:
            held["left-pad"] = {"^1.0.0": "^1.3.0", "1.2.3": "1.3.0", "~0.1.0": "~1.3.0"}[held["left-pad"]]
    assert json.loads(after) == wanted
