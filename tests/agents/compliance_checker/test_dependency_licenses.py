"""The rule about dependencies' licences."""

# ruff: noqa: E501 — texts of licences and one case a line read best unwrapped

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.compliance_checker.outcome import Outcome
from agents.compliance_checker.rules import dependency_licenses
from agents.compliance_checker.schema import ComplianceParams, Status
from agents.contract.schema import NoteKind, Severity
from agents.contract.workspace import Workspace

LOCK = json.dumps(
    {
        "lockfileVersion": 3,
        "packages": {
            "": {"name": "app"},
            "node_modules/left": {"version": "1.0.0", "license": "MIT"},
            "node_modules/deep": {"version": "2.0.0", "license": "GPL-3.0"},
            "node_modules/left/node_modules/deep": {"version": "1.0.0", "license": "ISC"},
            "packages/own": {"version": "1.0.0"},
            "node_modules/own": {"resolved": "packages/own", "link": True},
        },
    },
    indent=2,
)


def check(root: Path, files: dict[str, str], params: ComplianceParams | None = None) -> tuple[Outcome, Workspace]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    workspace = Workspace(root)
    return dependency_licenses.check(params or ComplianceParams(), workspace), workspace


def package(license_: object) -> dict[str, str]:
    manifest = '{\n  "name": "app",\n  "dependencies": {\n    "left": "^1.0.0"\n  }\n}'
    return {"package.json": manifest, "node_modules/left/package.json": json.dumps({"license": license_})}


def test_a_lock_names_the_licence_of_direct_and_indirect_dependencies(tmp_path: Path) -> None:
    manifest = '{\n  "dependencies": {\n    "left": "^1.0.0"\n  }\n}'
    outcome, _ = check(tmp_path, {"package.json": manifest, "package-lock.json": LOCK})
    found = {(d.name, d.license, d.status, d.file) for d in outcome.dependencies}
    assert found == {
        ("left", "MIT", Status.ALLOWED, "package.json"),
        ("deep", "GPL-3.0-only", Status.DENIED, "package-lock.json"),
        ("deep", "ISC", Status.ALLOWED, "package-lock.json"),
    }
    [finding] = outcome.findings
    assert (finding.rule, finding.severity) == ("license/denied-dependency", Severity.WARNING)
    assert finding.file == "package-lock.json"
    assert '"node_modules/deep"' in LOCK.splitlines()[(finding.line or 0) - 1]


def test_node_modules_are_read_and_the_declaration_is_pointed_to(tmp_path: Path) -> None:
    outcome, _ = check(tmp_path, package("MIT"))
    [dependency] = outcome.dependencies
    assert (dependency.line, dependency.source) == (4, "node_modules/left/package.json")
    assert dependency.status is Status.ALLOWED


@pytest.mark.parametrize(
    ("stated", "allow", "status"),
    [
        ("Apache-2.0 OR BSD-3-Clause", ("BSD-3-Clause",), Status.ALLOWED),
        ("(MIT OR GPL-3.0)", (), Status.ALLOWED),
        ("MIT AND GPL-3.0-only", (), Status.DENIED),
        ("MIT", ("Apache-2.0",), Status.DENIED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", (), Status.ALLOWED),
        ("SEE LICENSE IN COPYING.txt", (), Status.UNKNOWN),
        ("UNLICENSED", (), Status.UNKNOWN),
        ([{"type": "MIT"}, {"type": "GPL-3.0"}], (), Status.ALLOWED),
        ({"type": "LGPL-3.0-or-later"}, (), Status.ALLOWED),
        (None, (), Status.UNRESOLVED),
    ],
)
def test_expressions_are_judged(tmp_path: Path, stated: object, allow: tuple[str, ...], status: Status) -> None:
    outcome, _ = check(tmp_path, package(stated), ComplianceParams(allow=allow))
    assert [dependency.status for dependency in outcome.dependencies] == [status]


def test_a_policy_that_was_given_makes_it_an_error(tmp_path: Path) -> None:
    outcome, _ = check(tmp_path, package("MIT"), ComplianceParams(deny=("MIT",)))
    assert [finding.severity for finding in outcome.findings] == [Severity.ERROR]


def test_a_project_under_the_gpl_may_use_the_gpl(tmp_path: Path) -> None:
    files = package("GPL-3.0-or-later")
    files["package.json"] = files["package.json"].replace('"name"', '"license": "GPL-3.0-or-later", "name"')
    outcome, _ = check(tmp_path, files)
    assert outcome.findings == ()


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("requirements.txt", "# x\nflask==3.0 \\\n  --hash=sha256:aa\nDjango>=4 ; python_version>'3'\n-r b.txt\n", {("flask", 2), ("django", 4)}),
        ("requirements/dev.txt", "pytest\n", {("pytest", 1)}),
        ("requirements-dev.in", "git+https://x.test/a.git#egg=thing\n", {("thing", 1)}),
        ("pyproject.toml", '[project]\ndependencies = [\n  "httpx>=0.2",\n]\n[dependency-groups]\ndev = ["ruff", {include-group = "x"}]\n', {("httpx", 3), ("ruff", 6)}),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\nhttpx = "^0.2"\n', {("httpx", 3)}),
        ("setup.cfg", "[options]\ninstall_requires =\n  attrs>=2\n[options.extras_require]\nx =\n  six\n", {("attrs", 3), ("six", 6)}),
        ("setup.py", 'import setuptools\nsetuptools.setup(install_requires=["attrs",\n "six>1"])\n', {("attrs", 2), ("six", 3)}),
        ("Pipfile", '[packages]\nflask = "*"\n[dev-packages]\npytest = {version = ">1"}\n', {("flask", 2), ("pytest", 4)}),
        ("uv.lock", '[[package]]\nname = "anyio"\nversion = "4.0"\n[[package]]\nname = "me"\nsource = {editable = "."}\n', {("anyio", 2)}),
    ],
)  # fmt: skip
def test_python_manifests_are_read_with_lines(tmp_path: Path, file: str, text: str, expected: set[tuple[str, int]]) -> None:
    outcome, workspace = check(tmp_path, {file: text})
    assert {(d.name, d.line) for d in outcome.dependencies} == expected
    assert {d.status for d in outcome.dependencies} == {Status.UNRESOLVED}
    assert outcome.findings == ()
    [note] = [note for note in workspace.notes if note.kind is NoteKind.UNRESOLVED]
    assert note.file == file


def test_an_environment_in_the_repository_is_read_and_never_run(tmp_path: Path) -> None:
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ntouch " + str(tmp_path / "ran"))
    python.chmod(0o755)
    site = ".venv/lib/python3.12/site-packages"
    files = {
        "requirements.txt": "one\ntwo\nthree\nfour\n",
        f"{site}/one-1.dist-info/METADATA": "Name: one\nVersion: 1\nLicense-Expression: MIT OR Apache-2.0\n",
        f"{site}/two-1.dist-info/METADATA": "Name: Two\nVersion: 1\nClassifier: License :: OSI Approved :: Apache Software License\n",
        f"{site}/three-1.dist-info/METADATA": "Name: three\nVersion: 1\nLicense: GPL-3.0-only\n",
        f"{site}/four-1.dist-info/METADATA": "Name: four\nVersion: 1\nLicense: Our own terms\n",
    }
    outcome, _ = check(tmp_path, files)
    assert {d.name: (d.license, d.status) for d in outcome.dependencies} == {
        "one": ("MIT OR Apache-2.0", Status.ALLOWED),
        "two": ("Apache-2.0", Status.ALLOWED),
        "three": ("GPL-3.0-only", Status.DENIED),
        "four": ("Our own terms", Status.UNKNOWN),
    }
    assert not (tmp_path / "ran").exists()


def test_links_that_leave_the_repository_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "left").mkdir(parents=True)
    (outside / "left/package.json").write_text('{"license": "MIT"}')
    root = tmp_path / "repository"
    root.mkdir()
    (root / "node_modules").symlink_to(outside)
    outcome, _ = check(root, {"package.json": '{"dependencies": {"left": "1", "../../x": "1"}}'})
    assert {dependency.status for dependency in outcome.dependencies} == {Status.UNRESOLVED}


def test_prose_named_like_a_manifest_and_broken_files_give_nothing(tmp_path: Path) -> None:
    files = {
        "docs/requirements.txt": "This page lists what you need.\n\nYou need a computer, and\npatience.\n",
        "package.json": "{",
        "pyproject.toml": "[[[",
        "package-lock.json": '{"lockfileVersion": 1, "dependencies": {}}',
    }
    outcome, workspace = check(tmp_path, files)
    assert outcome.dependencies == ()
    assert {note.file for note in workspace.notes} >= {"package.json", "pyproject.toml", "package-lock.json"}


def test_excluded_manifests_are_left_out(tmp_path: Path) -> None:
    outcome, _ = check(tmp_path, {"demo/requirements.txt": "six\n"}, ComplianceParams(exclude=("demo/",)))
    assert outcome.dependencies == ()


def test_an_unclear_name_is_settled_by_the_text_beside_it_and_several_classifiers_are_a_choice(
    tmp_path: Path,
) -> None:
    site = ".venv/lib/python3.12/site-packages"
    approved = "Classifier: License :: OSI Approved ::"
    text = (
        "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby "
        'granted.\n\nTHE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS '
        "SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE "
        "FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, "
        "DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN "
        "CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n"
    )
    files = {
        "requirements.txt": "one\ntwo\nthree\n",
        f"{site}/one-1.dist-info/METADATA": f"Name: one\nVersion: 1\n{approved} BSD License\n",
        f"{site}/one-1.dist-info/licenses/LICENSE": text,
        f"{site}/two-1.dist-info/METADATA": f"Name: two\n{approved} MIT License\n{approved} GNU General Public License v3 (GPLv3)\n",
        f"{site}/three-1.dist-info/METADATA": f"Name: three\n{approved} Artistic License\n{approved} GNU General Public License v3 (GPLv3)\n",
    }
    outcome, _ = check(tmp_path, files)
    assert {d.name: (d.license, d.status) for d in outcome.dependencies} == {
        "one": ("0BSD", Status.ALLOWED),
        "two": ("GPL-3.0-only OR MIT", Status.ALLOWED),
        "three": ("Artistic License; GNU General Public License v3 (GPLv3)", Status.UNKNOWN),
    }
