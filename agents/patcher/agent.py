"""The patcher: from what is wanted to a proven patch. It writes nothing but copies in a temporary folder."""

from __future__ import annotations

import re
from collections import defaultdict

from agents.contract.errors import InvalidRequestError
from agents.contract.interface import Agent, Context
from agents.contract.schema import Finding, Note, NoteKind
from agents.patcher.configuration.update import update as update_configuration
from agents.patcher.dependencies.settled import settled
from agents.patcher.dependencies.update import update as update_dependencies
from agents.patcher.files import Draft
from agents.patcher.proof import prove
from agents.patcher.schema import MANIFEST, FileChange, Operation, PatcherParams, PatcherReport

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHOWN = 120


class Patcher(Agent[PatcherParams, PatcherReport]):
    """Raises UnusableFileError, UnusableChangeError and NotProvenError."""

    manifest = MANIFEST

    def run(self, params: PatcherParams, context: Context) -> PatcherReport:
        if not _COMMIT.fullmatch(context.run.commit):
            raise InvalidRequestError("run.commit: a patch belongs to a commit; give the id of the one in the workspace")
        draft = Draft(context.workspace)
        fixes: tuple[Finding, ...] = ()
        if params.operation is Operation.DEPENDENCY_UPDATE:
            updated = update_dependencies(params.updates, draft)
            changes, scanned = tuple(updated.changes), len(updated.looked_at)
            fixes = settled(params.findings, updated.edited)
        else:
            changes, scanned = update_configuration(params.changes, draft)
        notes = context.workspace.notes
        if not draft.touched:
            return PatcherReport(
                operation=params.operation,
                changed=False,
                explanation="\n".join(["Nothing to change.", *_left(notes)]),
                notes=notes,
                files_scanned=scanned,
            )
        patch, verification = prove(draft.before, draft.after, context.run.commit)
        return PatcherReport(
            operation=params.operation,
            changed=True,
            explanation="\n".join([*_made(changes), *_left(notes)]),
            changes=changes,
            patch=patch,
            fixes=fixes,
            verification=verification,
            notes=notes,
            files_scanned=scanned,
        )


def _made(changes: tuple[FileChange, ...]) -> list[str]:
    """One line per change, by file."""
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for change in changes:
        line = f"line {change.line}: " if change.line else ""
        old, new = _short(change.old), _short(change.new)
        step = f"{old} → {new}" if old and new else f"{new} added" if new else f"{old} removed"
        by_file[change.file].append(f"  {line}{change.what}: {step}")
    return [line for file, lines in by_file.items() for line in (f"{file}:", *lines)]


def _left(notes: tuple[Note, ...]) -> list[str]:
    left = [f"  {note.file + ': ' if note.file else ''}{note.detail}" for note in notes if note.kind is NoteKind.NOT_CHANGED]
    return ["Not changed:", *left] if left else []


def _short(text: str | None) -> str:
    plain = " ".join((text or "").split())
    return f"`{plain[:_SHOWN]}{'…' if len(plain) > _SHOWN else ''}`" if plain else ""
