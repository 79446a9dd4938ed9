"""A patch applies to the byte on a fresh copy and comes off again, or it is not given out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.contract.schema import Patch
from agents.patcher.errors import NotProvenError
from agents.patcher.files import Content, Tree
from agents.patcher.proof import digest, prove, try_out, write
from agents.patcher.repository import Repository

COMMIT = "a" * 40

CASES: dict[str, tuple[Tree, Tree]] = {
    "crlf": ({"a": Content(b"one\r\ntwo\r\n")}, {"a": Content(b"one\r\nthree\r\n")}),
    "mixed line endings": ({"a": Content(b"one\r\ntwo\nx\r")}, {"a": Content(b"one\ntwo\r\nx\r")}),
    "missing final newline": ({"a": Content(b"one")}, {"a": Content(b"one\n")}),
    "final newline taken away": ({"a": Content(b"one\n")}, {"a": Content(b"one")}),
    "executable stays": ({"a": Content(b"one\n", executable=True)}, {"a": Content(b"two\n", executable=True)}),
    "executable comes": ({"a": Content(b"one\n")}, {"a": Content(b"one\n", executable=True)}),
    "latin-1": ({"a": Content(b"caf\xe9 1\n")}, {"a": Content(b"caf\xe9 2\n")}),
    "latin-1 becomes utf-8": ({"a": Content(b"caf\xe9\n")}, {"a": Content("café\n".encode())}),
    "binary": ({"a": Content(bytes(range(256)))}, {"a": Content(bytes(reversed(range(256))))}),
    "byte order mark": ({"a": Content(b"\xef\xbb\xbfone\n")}, {"a": Content(b"\xef\xbb\xbftwo\n")}),
    "new file": ({}, {"folder/new": Content(b"one\r\n", executable=True)}),
    "deleted file": ({"folder/old": Content(b"one\n", executable=True)}, {}),
    "empty file comes": ({}, {"a": Content(b"")}),
    "file becomes empty": ({"a": Content(b"one")}, {"a": Content(b"")}),
    "names": (
        {"a b/c'\"d": Content(b"1\n"), "ü/-x": Content(b"1\n")},
        {"a b/c'\"d": Content(b"2\n"), "ü/-x": Content(b"2\n")},
    ),
    "attributes that change content": (
        {".gitattributes": Content(b"* text eol=crlf ident -diff\n"), "a": Content(b"$Id$\none\n")},
        {".gitattributes": Content(b"* text eol=crlf ident -diff\n#\n"), "a": Content(b"$Id$\ntwo\r\n")},
    ),
    "a hint that git cuts in mid-character": (
        {"a.py": Content(("def x" + "ü" * 60 + "():\n" + " 1\n" * 9).encode())},
        {"a.py": Content(("def x" + "ü" * 60 + "():\n" + " 1\n" * 8 + " 2\n").encode())},
    ),
    "whitespace that git would mend": ({"a": Content(b"one \t \n\n\n")}, {"a": Content(b"two \t \n\n\n\n \n")}),
    "lines that look like a diff": (
        {"a": Content(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n")},
        {"a": Content(b"-- \nindex 0..1\ndiff --git\n")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_patch_is_proven_both_ways(case: str) -> None:
    before, after = CASES[case]
    patch, verification = prove(before, after, COMMIT)
    assert (patch.base_commit, patch.files) == (COMMIT, tuple(sorted(before.keys() | after.keys())))
    assert (verification.applies, verification.reverses) == (True, True)
    assert (verification.tree_before, verification.tree_after) == (digest(before), digest(after))
    assert verification.tree_before != verification.tree_after
    # What comes out of JSON is what was proven.
    assert Patch.model_validate_json(patch.model_dump_json()) == patch


@pytest.mark.parametrize("case", CASES)
def test_a_proven_patch_applies_with_an_ordinary_git(case: str, tmp_path: Path) -> None:
    before, after = CASES[case]
    patch, _ = prove(before, after, COMMIT)
    write(tmp_path / "copy", before)
    diff = json.loads(patch.model_dump_json())["diff"].encode()
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    if ".gitattributes" in before:
        # In a folder with attributes git reads files through them: that is for whoever applies it to switch off.
        (tmp_path / "copy" / ".git" / "info").mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path / "copy", check=True)
        (tmp_path / "copy" / ".git" / "info" / "attributes").write_text("* -text -eol -ident\n")
    subprocess.run(command, cwd=tmp_path / "copy", input=diff, check=True)
    for file, content in after.items():
        assert (tmp_path / "copy" / file).read_bytes() == content.data
    assert all((tmp_path / "copy" / file).exists() == (file in after) for file in before)


def test_a_text_stays_readable_in_the_diff() -> None:
    patch, _ = prove({"a": Content("ä\n".encode())}, {"a": Content("ö\n".encode())}, COMMIT)
    assert "-ä\n+ö\n" in patch.diff
    assert "GIT binary patch" not in patch.diff


def test_a_patch_that_does_something_else_is_not_given_out(tmp_path: Path) -> None:
    before, wanted = {"a": Content(b"1\n")}, {"a": Content(b"2\n")}
    patch, _ = prove(before, {"a": Content(b"3\n")}, COMMIT)
    write(tmp_path / "copy", before)
    with pytest.raises(NotProvenError, match="does not apply to the byte on a fresh copy, so it is not given out: a"):
        try_out(Repository(tmp_path / "git"), patch.diff, tmp_path / "copy", before, wanted)


def test_a_patch_that_does_not_apply_is_not_given_out(tmp_path: Path) -> None:
    patch, _ = prove({"a": Content(b"1\n")}, {"a": Content(b"2\n")}, COMMIT)
    write(tmp_path / "copy", {"a": Content(b"0\n")})
    with pytest.raises(NotProvenError, match="does not apply on a fresh copy"):
        try_out(Repository(tmp_path / "git"), patch.diff, tmp_path / "copy", {}, {})


def test_the_users_git_configuration_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = "[core]\nautocrlf = true\nhooksPath = /x\n[diff]\nnoprefix = true\ncontext = 0\n[apply]\nwhitespace = fix\n"
    (tmp_path / ".gitconfig").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    patch, _ = prove(*CASES["whitespace that git would mend"], COMMIT)
    assert patch.diff.startswith("diff --git a/a b/a\n")


FILES = st.dictionaries(
    st.sampled_from(["a", "b c", "ü", "d/e", "d/f/g"]),
    st.builds(Content, st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)), st.booleans()),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(FILES, FILES)
def test_any_change_of_any_bytes_is_proven(before: Tree, after: Tree) -> None:
    touched = {file for file in before.keys() | after.keys() if before.get(file) != after.get(file)}
    if not touched:
        return
    old = {file: content for file, content in before.items() if file in touched}
    new = {file: content for file, content in after.items() if file in touched}
    patch, _ = prove(old, new, COMMIT)
    assert patch.files == tuple(sorted(touched))
