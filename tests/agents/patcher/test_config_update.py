"""Changing configuration: what is written, what is refused, and that nothing leaves the workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.agents.patcher.conftest import Call, Fail, added, notes

Write = Callable[[Mapping[str, str | bytes]], Path]


def config(*changes: dict[str, object]) -> dict[str, object]:
    return {"operation": "config-update", "changes": list(changes)}


def test_files_of_all_formats_change_in_one_patch(patcher: Call) -> None:
    files: dict[str, str | bytes] = {
        "a.json": '{"x": 1}\r\n',
        "conf/b.yml": "x: 1 # why\ny: 2\n",
        "conf/deep/c.toml": "x = 1\n",
        "tsconfig.json": "{\n  // why\n  \"x\": 1,\n}\n",
        "d.cfg": "old\n",
    }  # fmt: skip
    report = patcher(
        files,
        **config(
            {"file": "a.json", "path": ["x"], "value": 2},
            {"file": "./conf/b.yml", "path": ["x"], "value": "two"},
            {"file": "conf/b.yml", "path": ["y"], "remove": True},
            {"file": "conf/deep/c.toml", "path": ["x"], "value": [2]},
            {"file": "tsconfig.json", "path": ["y"], "value": None},
            {"file": "d.cfg", "content": "new"},
            {"file": "new/e.ini", "content": "[e]\n"},
        ),
    )
    assert report.patch is not None
    assert report.patch.files == ("a.json", "conf/b.yml", "conf/deep/c.toml", "d.cfg", "new/e.ini", "tsconfig.json")
    assert added(report) == ['{"x": 2}\r', "x: two # why", "x = [2]", "new", "[e]", '  "y": null,']
    told = [(change.file, change.what, change.old, change.new, change.line) for change in report.changes]
    assert told[1:3] == [("conf/b.yml", "x", "1", "two", 1), ("conf/b.yml", "y", "y: 2", None, 2)]
    assert told[5:] == [("d.cfg", "whole content", "old\n", "new", 1), ("new/e.ini", "new file", None, "[e]\n", 1)]
    assert "conf/b.yml:\n  line 1: x: `1` → `two`\n  line 2: y: `y: 2` removed" in report.explanation


def test_what_is_so_already_is_said_plainly(patcher: Call) -> None:
    changes = config({"file": "a.json", "path": ["x", 0], "value": 1}, {"file": "b", "content": "same"})
    report = patcher({"a.json": '{"x": [1]}', "b": "same"}, **changes)
    assert (report.changed, report.patch) == (False, None)
    assert report.explanation.startswith("Nothing to change.")
    assert "a.json not-changed it has this value at x[0] already" in notes(report)


def test_a_change_that_is_taken_back_is_no_patch(patcher: Call) -> None:
    changes = config({"file": "a.json", "path": ["x"], "value": 2}, {"file": "a.json", "path": ["x"], "value": 1})
    assert not patcher({"a.json": '{"x": 1}'}, **changes).changed


def test_a_new_file_can_be_changed_again(patcher: Call) -> None:
    report = patcher({}, **config({"file": "n.json", "content": "{}"}, {"file": "n.json", "path": ["a"], "value": 1}))
    assert added(report) == ['{"a": 1}']


def test_the_workspace_is_never_written(patcher: Call, write: Write) -> None:
    folder = write({"a.json": '{"x": 1}'})
    os.chmod(folder / "a.json", 0o444)  # noqa: PTH101 — beside the next line
    folder.chmod(0o555)
    try:
        assert patcher({}, **config({"file": "a.json", "path": ["x"], "value": 2})).changed
    finally:
        folder.chmod(0o755)
    assert (folder / "a.json").read_text() == '{"x": 1}'
    assert [path.name for path in folder.iterdir()] == ["a.json"]


def test_an_executable_stays_one(patcher: Call, write: Write) -> None:
    (write({"run.json": '{"x": 1}'}) / "run.json").chmod(0o755)
    report = patcher({}, **config({"file": "run.json", "path": ["x"], "value": 2}))
    assert report.patch is not None
    assert "100755" in report.patch.diff
    assert "mode" not in report.patch.diff


@pytest.mark.parametrize(
    "file", ["../out.json", "/etc/x.json", "a/../../x.json", ".git/config", "a/.GIT/x", "a\0b", "a\\b", "a\nb", "conf/", "."]
)
@pytest.mark.parametrize("rest", [{"path": ["x"], "value": 1}, {"content": "x"}])
def test_a_path_that_leaves_the_repository_is_refused(failure: Fail, file: str, rest: dict[str, object]) -> None:
    found = failure({"conf/a.json": "{}"}, **config({"file": file, **rest}))
    assert found.code == "unusable-file"


@pytest.mark.parametrize("rest", [{"path": ["x"], "value": 1}, {"content": "x"}])
def test_links_are_refused(failure: Fail, write: Write, tmp_path: Path, rest: dict[str, object]) -> None:
    folder = write({"real.json": '{"x": 0}'})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "o.json").write_text('{"x": 0}')
    (folder / "link.json").symlink_to("real.json")
    (folder / "dangling.json").symlink_to("nowhere")
    (folder / "out").symlink_to(tmp_path / "outside")
    for file in ("link.json", "dangling.json", "out/o.json", "out/new.json"):
        found = failure({}, **config({"file": file, **rest}))
        assert (found.code, file in found.message) == ("unusable-file", True)


@pytest.mark.parametrize(
    ("name", "content", "path", "words"),
    [
        ("a.json", '{\n"x": }', ["x"], "a.json does not parse: line 2: "),
        ("a.yaml", "a: 1\nb: [", ["a"], "a.yaml does not parse: line 2: "),
        ("a.toml", "a = 1\nb", ["a"], "a.toml does not parse: "),
        ("a.json", b'\n{"x": "caf\xe9"}', ["x"], "a.json, line 2: it is not UTF-8"),
        ("a.json", b'{"x": "\0"}', ["x"], "a.json is binary"),
        ("a.ini", "[x]", ["x"], "keys are changed in .code-workspace, .json"),
        ("b.json", "{}", ["x"], "a.json cannot be read (unreadable: No such file or directory)"),
    ],
)
def test_a_file_that_cannot_be_changed_is_told_with_its_line(
    failure: Fail, name: str, content: str | bytes, path: list[str], words: str
) -> None:
    file = "a.json" if name == "b.json" else name
    found = failure({name: content}, **config({"file": file, "path": path, "value": 1}))
    assert found.code == "unusable-file"
    assert words in found.message


def test_a_binary_file_is_not_replaced(failure: Fail) -> None:
    assert failure({"a.png": b"\0\1"}, **config({"file": "a.png", "content": "x"})).code == "unusable-file"
    assert failure({}, **config({"file": "a.png", "content": "x\0"})).code == "unusable-file"


def test_a_text_of_another_encoding_can_be_replaced_as_a_whole(patcher: Call) -> None:
    report = patcher({"a.ini": b"caf\xe9\n"}, **config({"file": "a.ini", "content": "café\n"}))
    assert report.patch is not None
    assert "GIT binary patch" in report.patch.diff


def test_a_key_that_is_not_there_is_told_with_file_and_path(failure: Fail) -> None:
    found = failure({"a.json": '{"x": [1]}'}, **config({"file": "a.json", "path": ["x", 4, "y"], "remove": True}))
    assert (found.code, found.message.startswith("a.json, `x[4].y`: the list has 1 items")) == ("unusable-change", True)


@pytest.mark.parametrize(
    "change",
    [
        {"file": "a.json", "path": ["x"]},
        {"file": "a.json", "path": ["x"], "value": 1, "remove": True},
        {"file": "a.json", "path": ["x"], "remove": False},
        {"file": "a.json", "path": [], "value": 1},
        {"file": "a.json", "path": [True], "value": 1},
        {"file": "a.json", "path": ["x"], "content": "x"},
        {"file": "", "content": "x"},
        {"content": "x"},
    ],
)
def test_a_change_of_no_form_is_refused(failure: Fail, change: dict[str, object]) -> None:
    found = failure({"a.json": "{}"}, **config(change))
    assert found.code == "invalid-request"
    assert "changes.0" in found.message
