"""JavaScript and TypeScript figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.code_reviewer.metrics.interface import FileFigures

Measure = Callable[[str, str], FileFigures]

SOURCE = r"""
'use strict';
// A regular expression with a quote and a brace, where token counters lose their place.
var odd = /["'{\/]/g, path = "src/**/*.js";

app.render = function render(name, options = {}) {
  if (name && options) {
    return `${name ? `a${name}` : "b"}`;
  } else if (options ?? name) {
    for (const key of options) { if (key) { continue; } }
  }
};

class View {
  #cache = (key) => key || null;
  static open(file, { mode }) {
    switch (mode) {
      case 1:
      case 2: return file;
      default: return null;
    }
  }
  get size() { try { return 1; } catch { return 0; } }
}

const table = { build(a) { a ||= 1; return a; }, late: async () => { while (x) await y; } };
export default function* () { do { yield 1; } while (z); }
"""


def test_names_and_complexity(figures_of: Measure) -> None:
    assert {f.name: f.complexity for f in figures_of("app.js", SOURCE).functions} == {
        "render": 8,
        "View.#cache": 2,
        "View.open": 3,
        "View.size": 2,
        "build": 2,
        "late": 2,
        "(anonymous)": 2,
    }


def test_an_else_if_is_no_deeper_than_its_if(figures_of: Measure) -> None:
    (render,) = (f for f in figures_of("app.js", SOURCE).functions if f.name == "render")
    assert (render.nesting, render.parameters, render.line) == (3, 2, 6)


def test_code_lines(figures_of: Measure) -> None:
    text = (
        "/* head\n * more */\n\nlet a = 1; // one\n// two\nconst p = 'src/**/*.js';\nlet b = 2; /* open\nstill */ let c;\n"
    )
    assert figures_of("a.js", text).code_lines == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.ts", "abstract class A<T> { abstract f(): T; g(this: A<T>, x: T): T { return x as T ?? this.f(); } }"),
        ("a.tsx", "const A = ({ x }: { x?: string }) => x ? <b>{x}</b> : null;"),
        ("a.jsx", "function A(x) { return <b a={x && 1}>it's</b>; }"),
        ("a.mjs", "export const f = async (x) => { for await (const y of x) z?.(y); };"),
    ],
)
def test_dialects(name: str, text: str, figures_of: Measure) -> None:
    assert [(f.complexity, f.parameters) for f in figures_of(name, text).functions] == [(2, 1)]


@pytest.mark.timeout(30)
def test_a_chain_of_thousands_of_callbacks_takes_no_minutes(figures_of: Measure) -> None:
    text = "x" + ".then(function (a) {\n  return a && b;\n})\n" * 10_000
    assert len(figures_of("chain.js", text).functions) == 10_000
