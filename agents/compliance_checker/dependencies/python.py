"""Python: requirements files, pyproject.toml, setup.cfg, setup.py, Pipfile and lock files."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agents.compliance_checker.dependencies.declaration import Declaration
from agents.compliance_checker.text import line_at, line_of
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace

Found = Iterator[tuple[str, str | None, int]]
"""Name, version or specifier, and line."""


def declarations(workspace: Workspace, keep: Callable[[str], bool]) -> Iterator[Declaration]:
    """Every dependency that a manifest or lock declares, without its licence."""
    for file in workspace.files(keep):
        read = _reader(PurePosixPath(file))
        text = workspace.read_text(file, limit=64 * 1024 * 1024) if read else None
        if read is None or text is None:
            continue
        try:
            found = list(read(text))
        except (
            ValueError,
            configparser.Error,
            SyntaxError,
            RecursionError,
            TypeError,
            AttributeError,
            KeyError,
        ) as error:
            workspace.note(NoteKind.UNPARSABLE, file, f"{type(error).__name__}: {error}"[:300])
            continue
        for name, version, line in dict.fromkeys(found):
            yield Declaration(canonicalize_name(name), version or None, "python", file, line)


def _reader(path: PurePosixPath) -> Callable[[str], Found] | None:
    name = path.name.lower()
    if re.fullmatch(r"(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|in)", name) or (
        path.parent.name.lower() == "requirements" and path.suffix in {".txt", ".in"}
    ):
        return _requirements
    return {
        "pyproject.toml": _pyproject,
        "setup.cfg": _setup_cfg,
        "setup.py": _setup_py,
        "pipfile": _pipfile,
        "pipfile.lock": _pipfile_lock,
        "poetry.lock": _lock,
        "uv.lock": _lock,
        "pdm.lock": _lock,
        "pylock.toml": _lock,
    }.get(name)


def _requirements(text: str) -> Found:
    found = list(_requirement_lines(text))
    # Prose that happens to have the name of a requirements file is no list of requirements.
    if sum(1 for item in found if item is None) * 2 <= len(found):
        yield from (item for item in found if item is not None)


def _requirement_lines(text: str) -> Iterator[tuple[str, str | None, int] | None]:
    joined = re.sub(r"\\\n", lambda match: " " * len(match[0]), text)
    offset = 0
    for raw in joined.split("\n"):
        line = re.sub(r"(?:^|\s)#.*$|\s--?[A-Za-z][\w-]*[= ].*$", "", raw).strip()
        egg = re.search(r"#egg=([A-Za-z0-9_.\-]+)", raw)
        if egg:
            yield egg[1], None, line_at(text, offset)
        elif line and not line.startswith(("-", "git+", "http:", "https:", ".", "/", "file:")):
            known = list(_requirement(line, line_at(text, offset)))
            yield known[0] if known else None
        offset += len(raw) + 1


def _requirement(written: str, line: int) -> Found:
    try:
        requirement = Requirement(written)
    except InvalidRequirement:
        # An old or odd form; its name still says what to look up.
        match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*(?=\s*[\[<>=!~;@])", written)
        if match:
            yield match[0], None, line
        return
    yield requirement.name, str(requirement.specifier), line


def _each(text: str, written: Iterable[object], start: int = 0) -> Found:
    for item in written:
        if isinstance(item, str) and item.strip():
            yield from _requirement(item.strip(), line_of(text, re.escape(item.strip()), start))


def _pyproject(text: str) -> Found:
    data: dict[str, Any] = tomllib.loads(text)
    project = data.get("project", {})
    groups = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    groups += data.get("dependency-groups", {}).values()
    groups.append(data.get("tool", {}).get("uv", {}).get("dev-dependencies", []))
    for group in groups:
        yield from _each(text, group)
    poetry = data.get("tool", {}).get("poetry", {})
    tables = [poetry.get("dependencies", {}), poetry.get("dev-dependencies", {})]
    tables += [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    for table in tables:
        yield from _table(text, table, skip={"python"})


def _table(text: str, table: dict[str, Any], skip: Iterable[str] = ()) -> Found:
    for name, stated in table.items():
        version = stated.get("version") if isinstance(stated, dict) else stated
        local = isinstance(stated, dict) and "path" in stated
        if name.lower() not in skip and not local:
            place = line_of(text, rf"^\s*[\"']?{re.escape(name)}[\"']?\s*=")
            yield name, version if isinstance(version, str) else None, place


def _setup_cfg(text: str) -> Found:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    blocks = [
        parser.get("options", "install_requires", fallback=""),
        parser.get("options", "setup_requires", fallback=""),
    ]
    if parser.has_section("options.extras_require"):
        blocks += [value for _, value in parser.items("options.extras_require")]
    for block in blocks:
        yield from _each(text, (line for line in block.splitlines() if not line.strip().startswith(("#", "file:"))))


def _setup_py(text: str) -> Found:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg in {
            "install_requires",
            "extras_require",
            "setup_requires",
            "tests_require",
        }:
            lists = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            for value in lists:
                for item in value.elts if isinstance(value, (ast.List, ast.Tuple)) else ():
                    if isinstance(item, ast.Constant) and isinstance(item.value, str):
                        yield from _requirement(item.value, item.lineno)


def _pipfile(text: str) -> Found:
    data = tomllib.loads(text)
    for section in ("packages", "dev-packages"):
        yield from _table(text, data.get(section, {}))


def _pipfile_lock(text: str) -> Found:
    data = json.loads(text)
    for section in ("default", "develop"):
        for name, stated in data.get(section, {}).items():
            yield name, stated.get("version"), line_of(text, rf'"{re.escape(name)}"\s*:')


def _lock(text: str) -> Found:
    places = {match[1]: line_at(text, match.start()) for match in re.finditer(r'(?m)^name = "([^"]+)"', text)}
    data = tomllib.loads(text)
    for package in data.get("package", data.get("packages", [])):
        source = package.get("source", {})
        if not (isinstance(source, dict) and {"editable", "virtual", "directory"} & set(source)):
            yield package["name"], package.get("version"), places.get(package["name"], 1)
