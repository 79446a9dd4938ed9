"""Labels: read off a line and taken away, in every comment style of the corpus."""

from __future__ import annotations

import pytest

from tests.quality.labels import Verdict, cut


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("run(x)  # expect: command-injection", "run(x)"),
        ("run(x); // expect: command-injection", "run(x);"),
        ("<b>{{ x }}</b> <!-- expect: command-injection -->", "<b>{{ x }}</b>"),
        ("p= x //- expect: command-injection", "p= x"),
    ],
)
def test_takes_the_label_off_the_line(line: str, code: str) -> None:
    text, (label,) = cut(f"first\n{line}\nlast", "", "a.py")
    assert text == f"first\n{code}\nlast"
    assert (label.file, label.line, label.kinds, label.verdict) == ("a.py", 2, ("command-injection",), Verdict.EXPECT)


@pytest.mark.parametrize(
    ("around", "first", "last"),
    [("", 2, 2), (" @-1", 1, 2), (" @+3", 2, 5), (" @-1..+3", 1, 5)],
)
def test_reads_the_lines_around(around: str, first: int, last: int) -> None:
    _, (label,) = cut(f"a\nb  # fine: xss{around}", "", "a.py")
    assert (label.first, label.last, label.verdict) == (first, last, Verdict.FINE)


def test_reads_alternatives() -> None:
    _, (label,) = cut("a  # expect: xss|open-redirect", "", "a.py")
    assert label.kinds == ("xss", "open-redirect")
    assert label.kind == "xss"


def test_leaves_ordinary_comments_alone() -> None:
    text = "a = 1  # we expect: nothing\nb = 'https://example.org'  # fine"
    assert cut(text, "", "a.py") == (text, ())


def test_names_the_place_of_a_wrong_range() -> None:
    with pytest.raises(ValueError, match=r"p/a.py:1: '@2' is none of"):
        cut("a  # expect: xss @2", "p", "a.py")
