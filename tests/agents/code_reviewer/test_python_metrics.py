"""Python figures: radon's complexity for every function, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from radon.complexity import cc_visit
from radon.metrics import mi_visit

from agents.code_reviewer.metrics.interface import FileFigures

Measure = Callable[[str, str], FileFigures]

NESTED = '''\
"""Docstring
# not a comment of its own."""
import os


class Shape:
    """A shape."""

    class Edge:
        def length(self, a):
            return a if a else 0

    def area(self, a, b, /, c, *, d=1, **more):
        # decide
        def inner(x):
            for y in x:
                if y:
                    return y
            return None

        if a and b:
            return inner(c)
        elif c:
            with open(a) as stream:
                return stream
        return TEXT


def build():
    class Local:
        async def run(self):
            while True:
                try:
                    break
                except OSError:
                    pass

    return Local


TEXT = """
# inside a string: code
"""
'''


def test_names_and_complexity_of_nested_functions(figures_of: Measure) -> None:
    figures = figures_of("shape.py", NESTED)
    assert {function.name: function.complexity for function in figures.functions} == {
        "Shape.Edge.length": 2,
        "Shape.area": 4,
        "Shape.area.inner": 3,
        "build": 1,
        "build.Local.run": 3,
    }


def test_agrees_with_radon_where_radon_looks(figures_of: Measure) -> None:
    own = {(function.line, function.complexity) for function in figures_of("shape.py", NESTED).functions}
    theirs = {(block.lineno, block.complexity) for block in cc_visit(NESTED) if block.letter in "FM"}
    assert theirs <= own
    assert theirs


def test_nesting_counts_elif_as_its_if_and_leaves_inner_functions_to_themselves(figures_of: Measure) -> None:
    nesting = {function.name: function.nesting for function in figures_of("shape.py", NESTED).functions}
    assert nesting["Shape.area"] == 2
    assert nesting["Shape.area.inner"] == 2
    assert nesting["build"] == 0


def test_a_long_elif_chain_is_not_deep(figures_of: Measure) -> None:
    chain = "".join(f"    elif a == {n}:\n        return {n}\n" for n in range(1, 60))
    (function,) = figures_of("chain.py", f"def pick(a):\n    if a == 0:\n        return 0\n{chain}").functions
    assert (function.nesting, function.complexity) == (1, 61)


def test_parameters_leave_out_self_and_what_callers_must_name(figures_of: Measure) -> None:
    parameters = {function.name: function.parameters for function in figures_of("shape.py", NESTED).functions}
    assert parameters["Shape.area"] == 3


def test_code_lines_leave_out_comments_blanks_and_docstrings(figures_of: Measure) -> None:
    figures = figures_of("shape.py", NESTED)
    blank, comment, docstring = 10, 1, 3
    assert figures.lines == len(NESTED.splitlines())
    assert figures.code_lines == figures.lines - blank - comment - docstring


def test_function_length_leaves_inner_functions_to_themselves(figures_of: Measure) -> None:
    body = "        x = 1\n" * 50
    text = f"def outer():\n    def inner():\n{body}    return inner\n"
    assert {f.name: f.code_lines for f in figures_of("a.py", text).functions} == {"outer": 3, "outer.inner": 51}


def test_maintainability_is_radons(figures_of: Measure) -> None:
    text = "".join(f"def f{n}(a, b):\n    if a > b:\n        return a * {n}\n    return b\n\n\n" for n in range(60))
    assert figures_of("a.py", text).maintainability == pytest.approx(mi_visit(text, multi=True))


def test_python_two_is_estimated_from_tokens(figures_of: Measure) -> None:
    figures = figures_of("old.py", "def f(a):\n    if a:\n        print 'x'\n    return a\n")
    assert [(function.name, function.complexity) for function in figures.functions] == [("f", 2)]


def test_a_sum_of_thousands_of_strings_does_not_stop_it(figures_of: Measure) -> None:
    text = "def f():\n    return (" + " + ".join(["'a'"] * 2500) + ")\n"
    wrapped = text.replace(" + ", "\n + ")
    assert figures_of("sum.py", wrapped).functions[0].name == "f"
