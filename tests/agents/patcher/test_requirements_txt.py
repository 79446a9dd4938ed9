"""Requirements files of pip: only the version's span changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.patcher.dependencies.requirements_txt import places
from agents.patcher.edits import apply
from agents.patcher.schema import DependencyUpdate
from tests.agents.patcher.conftest import undo

UPDATE = DependencyUpdate(name="Requests", version="2.32.0")


def transformed(text: str, update: DependencyUpdate = UPDATE) -> str:
    return apply(text, [place.edit for place in places(text, update) if place.edit])


def reasons(text: str) -> list[str]:
    return [place.reason for place in places(text, UPDATE) if place.edit is None]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("requests==2.31.0\n", "requests==2.32.0\n"),
        ("requests==2.31.0", "requests==2.32.0"),
        ("\ufeffrequests==2.31.0\r\nflask\r\n", "\ufeffrequests==2.32.0\r\nflask\r\n"),
        ("  requests [socks] >= 2.20 , <3 ; python_version<'3.9'  # why\n",
         "  requests [socks] >= 2.32 , <3 ; python_version<'3.9'  # why\n"),
        ("REQUESTS~=2.20.0 # requests==1\n", "REQUESTS~=2.32.0 # requests==1\n"),
        ("requests (>=2.20)\n", "requests (>=2.32)\n"),
        ("requests==2.31.0 --config-settings x=1\n", "requests==2.32.0 --config-settings x=1\n"),
        ("requests \\\n  >=2.20, \\\n  <3\n", "requests \\\n  >=2.32, \\\n  <3\n"),
        ("# \\\nrequests==2.31.0\n", "# \\\nrequests==2.32.0\n"),
        ("requests==2.31.0;python_version<'3.8'\nrequests==2.31.1 ; python_version>='3.8'\n",
         "requests==2.32.0;python_version<'3.8'\nrequests==2.32.0 ; python_version>='3.8'\n"),
    ],
)  # fmt: skip
def test_only_the_version_changes(before: str, after: str) -> None:
    assert transformed(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "requests-oauthlib==1.0\n",
        "# requests==2.31.0\n",
        "-r other.txt\n-c requests.txt\n",
        "flask==1.0 # like requests==2.0\n",
        "./requests\n",
        "https://example.org/requests-2.31.0.tar.gz\n",
        "${REQUESTS}\n",
        "",
        "\\\n",
        "requests ===\n",
    ],
)
def test_other_lines_are_left_alone(text: str) -> None:
    assert transformed(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("requests @ git+https://example.org/requests@v2\n", "from an address"),
        ("-e git+https://example.org/r.git#egg=requests\n", "from an address"),
        ("git+https://example.org/r.git#egg=requests&subdirectory=x\n", "from an address"),
        ("requests==2.31.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n", "pinned by hash"),
        ("requests\n", "any version is allowed"),
        ("requests<2.32\n", "keeps 2.32.0 out"),
    ],
)
def test_what_stays_has_a_reason(text: str, words: str) -> None:
    assert transformed(text) == text
    (reason,) = reasons(text)
    assert words in reason


LINES = st.sampled_from(
    ["flask==1.0", "# a remark \\", "", "  ", "-r base.txt", "requests==2.31.0", "requests>=2.1 ; python_version<'4'  # hm",
     "requests[x] \\\n ==2.31.0", "numpy @ https://example.org/x", "requests==1 \\\n  --hash=sha256:00", "\t", "pkg\\"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_whatever_the_layout_only_versions_change(lines: list[str], newline: str, ended: bool, marked: bool) -> None:
    text = "\ufeff" * marked + newline.join(line.replace("\n", newline) for line in lines) + newline * ended
    found = [place.edit for place in places(text, UPDATE) if place.edit]
    after = apply(text, found)
    assert {text[edit.start : edit.end] for edit in found} <= {"2.31.0", "2.1", "2.32", "2.32.0"}
    assert apply(after, undo(text, found)) == text
