"""What a repository's own metadata declares as its licence. Nothing of the repository is executed."""

from __future__ import annotations

import ast
import configparser
import email.parser
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agents.compliance_checker import spdx
from agents.compliance_checker.text import line_of
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace


@dataclass(frozen=True)
class Declared:
    """A declaration: `text` as written, `spdx` when it is clear which licence that is, and its place."""

    text: str
    spdx: str | None
    file: str
    line: int


def declarations(workspace: Workspace) -> list[Declared]:
    """The licence declarations in the root's metadata files, the most authoritative first."""
    found: list[Declared] = []
    for file, read in _READERS:
        if file not in set(workspace.files(lambda name, file=file: name == file)):  # type: ignore[misc]
            continue
        text = workspace.read_text(file)
        if text is None:
            continue
        try:
            stated = list(read(text))
        except (
            ValueError,
            configparser.Error,
            SyntaxError,
            RecursionError,
            TypeError,
            AttributeError,
        ) as error:
            workspace.note(NoteKind.UNPARSABLE, file, f"{type(error).__name__}: {error}"[:300])
            continue
        line = line_of(text, r"^\s*\"?licen[sc]e(?:-expression)?\"?\s*[:=]|License ::")
        found += [Declared(value, spdx.normalize(value), file, line) for value in stated if value.strip()]
    return found


def project_names(workspace: Workspace) -> frozenset[str]:
    """The names under which the repository's root publishes itself, in lower case."""
    names: set[str] = set()
    for file in ("pyproject.toml", "package.json"):
        text = workspace.read_text(file) if workspace.path(file).is_file() else None
        if text is None:
            continue
        try:
            data: dict[str, Any] = tomllib.loads(text) if file.endswith(".toml") else json.loads(text)
            owner = data.get("project", {}) if file.endswith(".toml") else data
            names.add(str(owner.get("name", "")).lower())
        except (ValueError, AttributeError) as error:
            workspace.note(NoteKind.UNPARSABLE, file, f"{type(error).__name__}: {error}"[:300])
    return frozenset(names - {""})


def from_classifiers(classifiers: Iterable[object]) -> Iterator[str]:
    """The licence in trove classifiers, several as a choice; `License :: OSI Approved` alone says nothing."""
    names = [
        parts[-1].strip()
        for parts in (str(classifier).split("::") for classifier in classifiers)
        if parts[0].strip() == "License" and parts[-1].strip() not in {"License", "OSI Approved"}
    ]
    if names:
        yield spdx.choice(names) or "; ".join(names)


def _pyproject(text: str) -> Iterator[str]:
    data = tomllib.loads(text)
    project, poetry = data.get("project", {}), data.get("tool", {}).get("poetry", {})
    for stated in (project.get("license"), poetry.get("license")):
        if isinstance(stated, str):
            yield stated
        elif isinstance(stated, dict) and isinstance(stated.get("text"), str):
            yield stated["text"]
    yield from from_classifiers(project.get("classifiers", ()))


def _setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    if parser.has_section("metadata"):
        yield parser.get("metadata", "license", fallback="")
        yield from from_classifiers(parser.get("metadata", "classifiers", fallback="").splitlines())


def _setup_py(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _called(node) == "setup":
            for keyword in node.keywords:
                if keyword.arg == "license" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value or "")
                elif keyword.arg == "classifiers" and isinstance(keyword.value, (ast.List, ast.Tuple)):
                    yield from from_classifiers(item.value for item in keyword.value.elts if isinstance(item, ast.Constant))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _pkg_info(text: str) -> Iterator[str]:
    message = email.parser.HeaderParser().parsestr(text)
    yield message.get("License-Expression", "")
    yield message.get("License", "")
    yield from from_classifiers(message.get_all("Classifier", []))


def _package_json(text: str) -> Iterator[str]:
    data = json.loads(text)
    stated = data.get("license") or data.get("licenses") or ""
    items = stated if isinstance(stated, list) else [stated]
    names = [str(item.get("type", "")) if isinstance(item, dict) else str(item) for item in items]
    yield " OR ".join(name for name in names if name)


def _cargo(text: str) -> Iterator[str]:
    stated = tomllib.loads(text).get("package", {}).get("license")
    # Cargo's old form of a choice.
    yield stated.replace("/", " OR ") if isinstance(stated, str) else ""


_READERS = (
    ("pyproject.toml", _pyproject),
    ("package.json", _package_json),
    ("Cargo.toml", _cargo),
    ("composer.json", _package_json),
    ("setup.cfg", _setup_cfg),
    ("setup.py", _setup_py),
    ("PKG-INFO", _pkg_info),
)
