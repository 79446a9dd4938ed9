"""The rule about the repository's own licence."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.compliance_checker.rules import license_file
from agents.compliance_checker.schema import ComplianceParams, LicenseInfo
from agents.contract.schema import Finding, Severity
from agents.contract.workspace import Workspace

MIT = """MIT License

Copyright (c) 2024 Jane Doe

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation
the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
IN THE SOFTWARE.
"""
ISC = """ISC License

Copyright (c) 2024, Jane Doe

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING
ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL,
DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS,
WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE
USE OR PERFORMANCE OF THIS SOFTWARE.
"""


def check(
    root: Path, files: dict[str, str], params: ComplianceParams | None = None
) -> tuple[LicenseInfo, tuple[Finding, ...]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    outcome = license_file.check(params or ComplianceParams(), Workspace(root))
    assert outcome.license is not None
    return outcome.license, outcome.findings


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pyproject.toml", '[project]\nname = "a"\nlicense = "MIT"\n'),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT License"}\n'),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n'),
        ("pyproject.toml", '[tool.poetry]\nlicense = "MIT"\n'),
        ("setup.cfg", "[metadata]\nlicense = MIT\n"),
        ("setup.py", 'from setuptools import setup\nsetup(name="a", license="MIT")\n'),
        ("PKG-INFO", "Metadata-Version: 2.1\nName: a\nLicense: MIT\n\ntext\n"),
        ("package.json", '{"license": "MIT"}'),
        ("package.json", '{"licenses": [{"type": "MIT", "url": "x"}]}'),
    ],
)
def test_text_and_declaration_that_agree_are_fine(tmp_path: Path, file: str, content: str) -> None:
    info, findings = check(tmp_path, {"LICENSE": MIT, file: content})
    assert (info.file, info.spdx, info.declared) == ("LICENSE", "MIT", "MIT")
    assert findings == ()


@pytest.mark.parametrize("name", ["LICENSE.md", "LICENCE.txt", "COPYING", "license", "LICENSE-MIT", "LICENSES/MIT.txt"])
def test_the_usual_names_are_found(tmp_path: Path, name: str) -> None:
    info, findings = check(tmp_path, {name: MIT})
    assert (info.file, info.spdx) == (name, "MIT")
    assert findings == ()


def test_another_text_than_declared_is_an_error_at_the_declaration(tmp_path: Path) -> None:
    _, [finding] = check(tmp_path, {"LICENSE": ISC, "package.json": '{\n  "name": "a",\n  "license": "MIT"\n}'})
    assert (finding.rule, finding.severity) == ("license/declaration-differs", Severity.ERROR)
    assert (finding.file, finding.line) == ("package.json", 3)


def test_a_missing_file_is_an_error_and_with_a_declaration_a_warning(tmp_path: Path) -> None:
    _, [nothing] = check(tmp_path, {"readme.txt": "hello"})
    _, [declared] = check(tmp_path, {"package.json": '{"license": "MIT"}'})
    assert nothing.rule == declared.rule == "license/missing-file"
    assert (nothing.severity, declared.severity) == (Severity.ERROR, Severity.WARNING)
    assert declared.file == "package.json"


def test_an_unknown_text_is_a_warning(tmp_path: Path) -> None:
    info, [finding] = check(tmp_path, {"LICENSE": "You may use this on Tuesdays.\n"})
    assert (info.file, info.spdx) == ("LICENSE", None)
    assert finding.rule == "license/unrecognised-text"


def test_a_licence_with_notices_of_others_behind_it_keeps_its_declared_name(tmp_path: Path) -> None:
    info, findings = check(tmp_path, {"LICENSE": MIT + "\n----\n\n" + ISC, "package.json": '{"license": "MIT"}'})
    assert info.spdx == "MIT"
    assert findings == ()


def test_two_files_side_by_side_are_a_choice(tmp_path: Path) -> None:
    info, findings = check(tmp_path, {"LICENSE-ISC": ISC, "LICENSE-MIT": MIT})
    assert info.spdx == "ISC OR MIT"
    assert findings == ()


def test_a_licence_of_something_bundled_beside_the_main_one_changes_nothing(tmp_path: Path) -> None:
    info, findings = check(tmp_path, {"LICENSE": MIT, "LICENSE.other": ISC, "docs/LICENSE": ISC})
    assert info.spdx == "MIT"
    assert findings == ()


def test_the_expected_licence_is_compared(tmp_path: Path) -> None:
    _, fine = check(tmp_path, {"LICENSE": MIT}, ComplianceParams(project_license="MIT"))
    _, [finding] = check(tmp_path, {"LICENSE": MIT}, ComplianceParams(project_license="Apache-2.0"))
    assert fine == ()
    assert (finding.rule, finding.severity) == ("license/not-expected", Severity.ERROR)


def test_setup_py_is_read_but_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'w')\nfrom setuptools import setup\nsetup(license='ISC')\n"
    info, _ = check(tmp_path, {"LICENSE": ISC, "setup.py": code})
    assert info.declared == "ISC"
    assert not marker.exists()


@pytest.mark.parametrize("file", ["pyproject.toml", "package.json", "setup.py", "setup.cfg"])
def test_broken_metadata_is_a_note(tmp_path: Path, file: str) -> None:
    info, findings = check(tmp_path, {"LICENSE": MIT, file: "{{{ ("})
    assert info.spdx == "MIT"
    assert findings == ()
