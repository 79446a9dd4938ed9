"""Languages measured from tokens, and languages only counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.code_reviewer.metrics.interface import FileFigures

Measure = Callable[[str, str], FileFigures]


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.go", "package a\nfunc F(a int) int {\n\tif a > 1 {\n\t\treturn 1\n\t}\n\treturn 2\n}\n", "Go"),
        ("A.java", "class A {\n  int f(int a) {\n    if (a > 1) return 1;\n    return 2;\n  }\n}\n", "Java"),
        ("a.c", "int f(int a) {\n  if (a > 1) return 1;\n  return 2;\n}\n", "C"),
        ("a.rs", "fn f(a: i32) -> i32 {\n    if a > 1 { return 1; }\n    2\n}\n", "Rust"),
        ("a.rb", "def f(a)\n  if a > 1\n    return 1\n  end\n  2\nend\n", "Ruby"),
        ("a.php", "<?php\nfunction f($a) {\n  if ($a > 1) { return 1; }\n  return 2;\n}\n", "PHP"),
        ("a.cs", "class A {\n  int F(int a) {\n    if (a > 1) return 1;\n    return 2;\n  }\n}\n", "C#"),
    ],
)
def test_one_branch_is_two_ways(name: str, text: str, language: str, figures_of: Measure) -> None:
    figures = figures_of(name, text)
    assert figures.language == language
    assert [function.complexity for function in figures.functions] == [2]


@pytest.mark.parametrize(
    ("name", "text", "code_lines"),
    [
        ("a.css", "/* a\n b */\na { color: red }\n", 1),
        ("a.sql", "-- a\nselect 1;\n", 1),
        ("a.sh", "#!/bin/sh\n# a\n\necho 1\n", 1),
        ("a.html", "<!-- a\nb -->\n<p>x</p>\n", 1),
    ],
)
def test_lines_of_languages_without_functions(name: str, text: str, code_lines: int, figures_of: Measure) -> None:
    figures = figures_of(name, text)
    assert (figures.code_lines, figures.functions) == (code_lines, ())
