"""npm: package.json, package-lock.json (versions 2 and 3) and what lies in node_modules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from agents.compliance_checker.dependencies.declaration import Declaration
from agents.compliance_checker.text import is_inside, line_of
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace

SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCAL = ("file:", "link:", "workspace:", "portal:")
_LOCK_LIMIT = 64 * 1024 * 1024


Licence = tuple[str | None, str | None]
"""A licence as stated and the file that states it."""


def declarations(workspace: Workspace, keep: Callable[[str], bool]) -> Iterator[Declaration]:
    """Direct dependencies at their place in package.json, the others at theirs in the lock file."""
    top: dict[str, Licence] = {}
    for file in workspace.find("package-lock.json", "npm-shrinkwrap.json"):
        for key, item in _lock(workspace, file) if keep(file) else ():
            top.setdefault(key, (item.license, item.source))
            yield item
    for file in workspace.find("package.json"):
        if keep(file):
            yield from _manifest(workspace, file, top)


def _manifest(workspace: Workspace, file: str, locked: dict[str, Licence]) -> Iterator[Declaration]:
    text = workspace.read_text(file)
    data = _object(workspace, file, text)
    if text is None or data is None:
        return
    seen: set[str] = set()
    for section in SECTIONS:
        wanted = data.get(section)
        start = re.search(rf'"{section}"\s*:', text)
        for name, version in wanted.items() if isinstance(wanted, dict) else ():
            if name in seen or str(version).startswith(_LOCAL):
                continue
            seen.add(name)
            line = line_of(text, rf'"{re.escape(name)}"\s*:', start.end() if start else 0)
            yield Declaration(name, str(version), "npm", file, line, *_resolved(workspace, file, name, locked))


def _resolved(workspace: Workspace, file: str, name: str, locked: dict[str, Licence]) -> Licence:
    for parent in PurePosixPath(file).parents:
        key = (parent / "node_modules" / name).as_posix()
        stated, source = locked.get(key, (None, None))
        if stated is None:
            stated, source = _read(workspace, f"{key}/package.json")
        if stated:
            return stated, source
    return None, None


def _lock(workspace: Workspace, file: str) -> Iterator[tuple[str, Declaration]]:
    text = workspace.read_text(file, limit=_LOCK_LIMIT)
    data = _object(workspace, file, text)
    if text is None or data is None:
        return
    packages = data.get("packages")
    if not isinstance(packages, dict):
        workspace.note(NoteKind.UNRESOLVED, file, "a lock file of version 1 carries no licences")
        return
    places = {match[1]: line for match, line in _places(text)}
    for key, entry in packages.items():
        if "node_modules/" not in key or not isinstance(entry, dict) or entry.get("link"):
            continue
        name = str(entry.get("name") or key.rpartition("node_modules/")[2])
        stated = license_of(entry)
        source = file if stated else None
        installed = (PurePosixPath(file).parent / key).as_posix()
        if stated is None:
            stated, source = _read(workspace, f"{installed}/package.json")
        version = entry.get("version")
        line = places.get(key, 1)
        yield (
            installed,
            Declaration(name, str(version) if version else None, "npm", file, line, stated, source),
        )


def _places(text: str) -> Iterator[tuple[re.Match[str], int]]:
    line, last = 1, 0
    for match in re.finditer(r'^\s*"((?:[^"\\\n]*/)?node_modules/[^"\\\n]+)"\s*:\s*\{', text, re.MULTILINE):
        offset = match.start(1)
        line += text.count("\n", last, offset)
        last = offset
        yield match, line


def _read(workspace: Workspace, file: str) -> Licence:
    if ".." in PurePosixPath(file).parts or not is_inside(workspace, file):
        return None, None
    data = _object(workspace, file, workspace.read_text(file))
    stated = license_of(data) if data else None
    return (stated, file) if stated else (None, None)


def license_of(data: dict[str, Any]) -> str | None:
    """The licence that a package.json (or an entry of a lock) states, old forms included."""
    stated = data.get("license") or data.get("licenses")
    items = stated if isinstance(stated, list) else [stated]
    names = [item.get("type") if isinstance(item, dict) else item for item in items]
    return " OR ".join(str(name) for name in names if name) or None


def _object(workspace: Workspace, file: str, text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        workspace.note(NoteKind.UNPARSABLE, file, str(error)[:300])
        return None
    return data if isinstance(data, dict) else None
