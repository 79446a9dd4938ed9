"""Licences of distributions installed in a virtual environment that lies in the repository.

Its METADATA is read; its interpreter, which belongs to the repository, is never started.
"""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

from licenseclassifier import identify_license
from packaging.utils import canonicalize_name
from piplicenses import find_license_from_classifier

from agents.compliance_checker import spdx
from agents.contract.schema import NoteKind
from agents.contract.workspace import MAX_TEXT_BYTES, Workspace

_ENVIRONMENTS = frozenset({".venv", "venv", ".tox", ".nox", "site-packages"})


def licenses(workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Canonical name → (licence as stated, METADATA file) of every installed distribution that states one."""
    found: dict[str, tuple[str, str]] = {}
    for folder in _site_packages(workspace):
        for info in sorted(folder.glob("*.dist-info")):
            metadata = info / "METADATA"
            if info.is_symlink() or metadata.is_symlink() or not metadata.is_file():
                continue
            try:
                distribution = Distribution.at(info)
                name, stated = distribution.metadata["Name"], _stated(distribution, info)
            except (OSError, ValueError, KeyError, UnicodeError) as error:
                workspace.note(NoteKind.UNPARSABLE, metadata.relative_to(workspace.root).as_posix(), str(error)[:300])
                continue
            if name and stated:
                file = metadata.relative_to(workspace.root).as_posix()
                found.setdefault(canonicalize_name(name), (stated, file))
    return found


def _site_packages(workspace: Workspace) -> list[Path]:
    # The walk leaves these folders out and says so in a note; that is where they are known from.
    list(workspace.files())
    vendored = [note.file for note in workspace.notes if note.kind is NoteKind.VENDORED and note.file]
    root = workspace.root.resolve()
    folders: set[Path] = set()
    for file in vendored:
        name, path = PurePosixPath(file).name, workspace.path(file)
        if name not in _ENVIRONMENTS:
            continue
        places = (
            [path]
            if name == "site-packages"
            else [*path.glob("lib*/python*/site-packages"), *path.glob("Lib/site-packages")]
        )
        places += path.glob("*/lib*/python*/site-packages") if name in {".tox", ".nox"} else ()
        folders.update(place for place in places if place.resolve().is_relative_to(root))
    return sorted(folders)


def _stated(distribution: Distribution, info: Path) -> str | None:
    metadata = distribution.metadata
    expression = str(metadata.json.get("license_expression") or "")
    text = str(metadata.json.get("license") or "")
    classifiers = sorted(find_license_from_classifier(metadata.get_all("Classifier") or []))
    clear = spdx.normalize(expression) or spdx.normalize(text) or spdx.choice(classifiers)
    # Nothing clear: whatever is said is better than silence, and ends as unknown.
    said = (expression, "; ".join(classifiers), text.partition("\n")[0])
    return clear or _of_text(info) or next((item for item in said if item and item != "UNKNOWN"), None)


def _of_text(info: Path) -> str | None:
    """The licence of the text that came with the distribution; None where several differ."""
    found: set[str] = set()
    for file in sorted({*info.glob("LICEN[CS]E*"), *info.glob("COPYING*"), *info.glob("licenses/**/*")}):
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_TEXT_BYTES:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        found |= {match.id for match in identify_license(text)}
    return spdx.normalize(found.pop()) if len(found) == 1 else None
