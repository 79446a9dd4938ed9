"""pyproject.toml: only the version's span changes."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.patcher.configuration.toml_spans import spans
from agents.patcher.dependencies.interface import UnreadableManifestError
from agents.patcher.dependencies.pyproject import places
from agents.patcher.edits import apply
from agents.patcher.schema import DependencyUpdate

UPDATE = DependencyUpdate(name="my.Pkg", version="2.1.0")

EVERYTHING = """\
# top
[build-system]
requires = ["hatchling", 'my-pkg>=1.0' ]   # build
build-backend = "hatchling.build"

[project]
name = "x"
dependencies = [
    "flask",            # first
    "My_Pkg[extra] >=1.0 , <3 ; python_version < '3.12'",  # why
    "other==1.0",
]

[project.optional-dependencies]
a-b = ["my-pkg ~= 1.0.0"]

[dependency-groups]
dev = ["my-pkg==1.0", {include-group = "x"}]

[tool.poetry.dependencies]
python = "^3.10"
my-pkg = "^1.0"
"other" = {git = "https://example.org"}

[tool.poetry.group.dev.dependencies]
my-pkg = { version = "~1.0", extras = ["a"] }

[tool.poetry.dev-dependencies]
my-pkg = [
  {version = "1.0", python = "<3.8"},
  {version = "1.5", python = ">=3.8"},
]
"""


def transformed(text: str) -> str:
    return apply(text, [place.edit for place in places(text, UPDATE) if place.edit])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_table_is_updated_and_nothing_else(newline: str, mark: str) -> None:
    wanted = EVERYTHING
    for old, new in [
        ("'my-pkg>=1.0'", "'my-pkg>=2.1'"),
        ("[extra] >=1.0 , <3", "[extra] >=2.1 , <3"),
        ("my-pkg ~= 1.0.0", "my-pkg ~= 2.1.0"),
        ("my-pkg==1.0", "my-pkg==2.1"),
        ('my-pkg = "^1.0"', 'my-pkg = "^2.1"'),
        ('version = "~1.0"', 'version = "~2.1"'),
        ('version = "1.0", python', 'version = "2.1", python'),
        ('version = "1.5"', 'version = "2.1"'),
    ]:
        assert wanted.count(old) == 1
        wanted = wanted.replace(old, new)
    assert transformed(mark + EVERYTHING.replace("\n", newline)) == mark + wanted.replace("\n", newline)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[project]\ndependencies = ["my-pkg @ git+https://example.org/x"]', "from an address"),
        ('[project]\ndependencies = ["my-pkg"]', "any version is allowed"),
        ('[project]\ndependencies = ["my-pkg>=1,<2"]', "keeps 2.1.0 out"),
        ('[project]\ndependencies = ["my\\u002dpkg>=1"]', "not written as a plain string"),
        ('[project]\ndependencies = ["""my-pkg>=1"""]', "not written as a plain string"),
        ('[tool.poetry.dependencies]\nmy-pkg = {path = "../x"}', "an address or a folder"),
        ('[tool.poetry.dependencies.my-pkg]\ngit = "https://example.org"', "an address or a folder"),
        ('[tool.poetry.dependencies]\nmy-pkg = "^1 || ^2"', "choice of ranges"),
    ],
)
def test_what_stays_has_a_reason(text: str, words: str) -> None:
    assert transformed(text) == text
    (place,) = places(text, UPDATE)
    assert words in place.reason


def test_a_table_with_its_own_header_is_updated() -> None:
    text = '[tool.poetry.dependencies.my-pkg]\nversion = "^1.0" # x\nextras = ["a"]\n'
    assert transformed(text) == text.replace("^1.0", "^2.1")


@pytest.mark.parametrize(
    "text",
    ["[project]\nname = 'my-pkg'", "[project]\ndependencies = 'my-pkg>=1'", "[tool]\npoetry = 1", "project = []", "",
     "[tool.poetry.group]\nx = 1", "[project]\ndependencies = [1, ['my-pkg>=1'], {a = 'my-pkg>=1'}]"],
)  # fmt: skip
def test_other_shapes_name_nothing(text: str) -> None:
    assert places(text, UPDATE) == []


@pytest.mark.parametrize("text", ["[project", "a = ", "x = [" * 5000])
def test_what_does_not_parse_is_told(text: str) -> None:
    with pytest.raises(UnreadableManifestError):
        places(text, UPDATE)


SCALARS = st.sampled_from(
    [
        '"a # ]"',
        "'b \" }'",
        '"""c\n"x" ] \\""""',
        "'''d\n' # '''",
        "1_000",
        "-1.5e3",
        "true",
        "1979-05-27 07:32:00",
        '"\\"q"',
        "[]",
        "{}",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # x ]\n" + ",\n # y\n".join(items) + "\n]"),
        st.lists(inner.filter(lambda text: "\n" not in text), max_size=3).map(
            lambda items: "{ " + ", ".join(f"k{index} = {item}" for index, item in enumerate(items)) + " }"
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["[t.%d]\n", "[[l]]\n#%d\n", "[ 'q.x' . \"y%d\" ] # z\n"]), VALUES), max_size=6))
def test_every_value_of_a_toml_text_is_found_where_it_stands(parts: list[tuple[str, str]]) -> None:
    text = "".join(f"{head % number}a.'b c' = {value} # end\n" for number, (head, value) in enumerate(parts))
    data = tomllib.loads(text)
    for path, span in spans(text).items():
        held: object = data
        for part in path:
            held = held[part]  # type: ignore[index] # the path says which
        assert tomllib.loads(f"x = {text[span.start : span.end]}")["x"] == held
    assert sum(1 for path in spans(text) if path[-1] == "b c") == len(parts)
