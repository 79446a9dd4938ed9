"""Makes the wanted changes in the files that they name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from agents.contract.errors import WorkspaceError
from agents.contract.schema import NoteKind
from agents.patcher.configuration import json_file, toml_file, yaml_file
from agents.patcher.configuration.interface import Change, Removal, UnchangeableError, UnparsableError, shown
from agents.patcher.edits import line_of
from agents.patcher.errors import UnusableChangeError, UnusableFileError
from agents.patcher.files import Draft
from agents.patcher.schema import ConfigChange, FileChange, RemoveKey, ReplaceFile, SetValue

_FORMATS: dict[str, Change] = {
    ".json": json_file.change,
    ".jsonc": json_file.change_commented,
    ".code-workspace": json_file.change_commented,
    ".webmanifest": json_file.change,
    ".yaml": yaml_file.change,
    ".yml": yaml_file.change,
    ".toml": toml_file.change,
}
_COMMENTED = ("tsconfig", "jsconfig", "devcontainer")
"""Names whose tools read comments in a `.json` file; so do the settings of Visual Studio Code."""


def update(changes: Iterable[ConfigChange], draft: Draft) -> tuple[tuple[FileChange, ...], int]:
    """Make `changes` in `draft`, in their order; returns what was changed and how many files were looked at.

    Raises UnusableFileError and UnusableChangeError, which name file and line: half a configuration helps nobody.
    """
    made = []
    files = set()
    for wanted in changes:
        file = _normal(wanted.file, draft)
        files.add(file)
        change = _replace(file, wanted, draft) if isinstance(wanted, ReplaceFile) else _change(file, wanted, draft)
        if change is None:
            what = "holds this content" if isinstance(wanted, ReplaceFile) else f"has this value at {shown(wanted.path)}"
            draft.workspace.note(NoteKind.NOT_CHANGED, file, f"it {what} already")
        else:
            made.append(change)
    return tuple(made), len(files)


def _normal(file: str, draft: Draft) -> str:
    """The path as git knows it. Raises UnusableFileError for one that leaves the repository or is git's own."""
    path = PurePosixPath(file)
    try:
        draft.workspace.path(file)
    except WorkspaceError as error:
        raise UnusableFileError(f"{error}; give a path inside the repository") from error
    if not path.parts or any(part.lower() == ".git" for part in path.parts) or "\\" in file or not file.isprintable():
        raise UnusableFileError(f"{file!r} is not a path of a file in the repository")
    if file.endswith("/"):
        raise UnusableFileError(f"{file!r} is a folder; name a file")
    return str(path)


def _read(file: str, draft: Draft) -> bytes:
    data = draft.read(file)
    if data is None:
        details = [
            f"{note.kind.value}{': ' if note.detail else ''}{note.detail}"
            for note in draft.workspace.notes
            if note.file == file
        ]
        raise UnusableFileError(f"{file} cannot be read ({'; '.join(details)}); name a regular file of the repository")
    if b"\0" in data:
        raise UnusableFileError(f"{file} is binary; only text files are changed")
    return data


def _change(file: str, wanted: SetValue | RemoveKey, draft: Draft) -> FileChange | None:
    change = _format(file)
    data = _read(file, draft)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnusableFileError(f"{file}, line {line}: it is not UTF-8; give the whole `content` instead") from error
    value = wanted.value if isinstance(wanted, SetValue) else Removal.REMOVE
    try:
        changed = change(text, wanted.path, value)
    except UnparsableError as error:
        raise UnusableFileError(f"{file} does not parse: {error}; mend it first") from error
    except UnchangeableError as error:
        raise UnusableChangeError(f"{file}, `{shown(wanted.path)}`: {error}") from error
    if changed.text == text:
        return None
    draft.write(file, changed.text.encode("utf-8"))
    line = line_of(text, min(changed.offset, len(text)))
    return FileChange(file=file, what=shown(wanted.path), old=changed.old, new=changed.new, line=line)


def _format(file: str) -> Change:
    path = PurePosixPath(file)
    suffix = path.suffix.lower()
    if suffix == ".json" and (path.name.startswith(_COMMENTED) or path.parent.name == ".vscode"):
        return json_file.change_commented
    try:
        return _FORMATS[suffix]
    except KeyError:
        kinds = ", ".join(sorted(_FORMATS))
        raise UnusableFileError(f"{file}: keys are changed in {kinds} files; give the whole `content` instead") from None


def _replace(file: str, wanted: ReplaceFile, draft: Draft) -> FileChange | None:
    new = wanted.content.encode("utf-8")
    if "\0" in wanted.content:
        raise UnusableFileError(f"{file}: the content given is binary; only text files are written")
    if _is_free(file, draft):
        draft.create(file, new)
        return FileChange(file=file, what="new file", new=wanted.content, line=1)
    old = _read(file, draft)
    if old == new:
        return None
    draft.write(file, new)
    return FileChange(file=file, what="whole content", old=old.decode("utf-8", "replace"), new=wanted.content, line=1)


def _is_free(file: str, draft: Draft) -> bool:
    """Whether a file can be made there. Raises UnusableFileError when a file or a link is in the way."""
    for folder in reversed(PurePosixPath(file).parents[:-1]):
        path = draft.workspace.path(str(folder))
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise UnusableFileError(f"{file}: {folder} is a link or a file, so nothing can be made below it")
    path = draft.workspace.path(file)
    if path.is_dir() and not path.is_symlink():
        raise UnusableFileError(f"{file} is a folder; name a file")
    return not path.is_symlink() and not path.exists() and file not in draft.after
