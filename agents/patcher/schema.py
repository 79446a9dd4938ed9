"""What the patcher takes and gives."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, JsonValue, StrictInt, StrictStr, Tag, model_validator

from agents.contract.manifest import Limits, Manifest, Risk
from agents.contract.schema import Applied, Finding, Frozen, Params, Patch, Report


class Operation(StrEnum):
    """What kind of change is asked for."""

    DEPENDENCY_UPDATE = "dependency-update"
    CONFIG_UPDATE = "config-update"


class Ecosystem(StrEnum):
    """Where a dependency comes from."""

    PYPI = "pypi"
    NPM = "npm"


class DependencyUpdate(Frozen):
    """A dependency and the version it is to have.

    Without `ecosystem` it is looked for in the manifests of all; without `file` (a path or glob in gitignore manner)
    in every manifest. The patterns keep out whatever would be more than a name or a version in a file.
    """

    name: Annotated[str, Field(pattern=r"^(@[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9_][\w.-]*$", max_length=214)]
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+!_-]*$", max_length=100)]
    ecosystem: Ecosystem | None = None
    file: Annotated[str, Field(min_length=1)] | None = None


File = Annotated[str, Field(min_length=1, max_length=1000)]
KeyPath = Annotated[tuple[StrictStr | StrictInt, ...], Field(min_length=1, max_length=100)]


class SetValue(Frozen):
    """Set the value at a key path: replaced where there is one, else added. An index after the last one appends."""

    file: File
    path: KeyPath
    value: JsonValue


class RemoveKey(Frozen):
    """Remove the key or the list's item at a key path."""

    file: File
    path: KeyPath
    remove: Literal[True]


class ReplaceFile(Frozen):
    """Give a file a whole new content; it is made where there is none."""

    file: File
    content: str


def _form(given: object) -> str | None:
    keys = given.keys() if isinstance(given, dict) else type(given).model_fields if isinstance(given, Frozen) else ()
    found = [name for name in ("value", "remove", "content") if name in keys]
    return found[0] if len(found) == 1 else None


ConfigChange = Annotated[
    Annotated[SetValue, Tag("value")] | Annotated[RemoveKey, Tag("remove")] | Annotated[ReplaceFile, Tag("content")],
    Discriminator(
        _form,
        custom_error_type="change_form",
        custom_error_message="a change has `file` and one of: `path` and `value`; `path` and `remove: true`; `content`",
    ),
]


class PatcherParams(Params):
    """Which change is asked for: `updates` belong to dependency-update, `changes` to config-update.

    `findings` are those that an update is meant to settle.
    """

    operation: Operation
    updates: tuple[DependencyUpdate, ...] = ()
    changes: tuple[ConfigChange, ...] = ()
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        wanted, other = ("updates", "changes") if self.operation is Operation.DEPENDENCY_UPDATE else ("changes", "updates")
        if not getattr(self, wanted):
            raise ValueError(f"{self.operation.value} needs `{wanted}`")
        if getattr(self, other):
            raise ValueError(f"`{other}` does not belong to {self.operation.value}")
        if self.findings and self.operation is not Operation.DEPENDENCY_UPDATE:
            raise ValueError(f"`findings` does not belong to {self.operation.value}")
        return self


class FileChange(Frozen):
    """One change in a file: what was changed, from what to what (none: it was or is not there), in which line."""

    file: str
    what: str
    old: str | None = None
    new: str | None = None
    line: Annotated[int, Field(ge=1)] | None = None


class Verification(Frozen):
    """What was tried with the patch on a fresh copy of the files it touches.

    `tree_before` and `tree_after` are sha256 over path, mode and content of the touched files that exist.
    """

    applies: bool
    reverses: bool
    tree_before: str
    tree_after: str


class PatcherReport(Report):
    """`patch` and `verification` are there when `changed` is true; `explanation` says in words what and why.

    `fixes` are those of the params' `findings` whose entry the patch changes.
    `applied` is the hub's: it is there once people approved the patch and it was written.
    """

    operation: Operation
    changed: bool
    explanation: str
    changes: tuple[FileChange, ...] = ()
    fixes: tuple[Finding, ...] = ()
    patch: Patch | None = None
    verification: Verification | None = None
    applied: Applied | None = None


MANIFEST = Manifest(
    name="patcher",
    version="0.1.0",
    description="Proposes updates of dependencies and configuration as a patch, proven to apply and to come off again.",
    params=PatcherParams,
    report=PatcherReport,
    risk=Risk.APPROVAL_REQUIRED,
    limits=Limits(memory_mb=1024, cpus=1.0, pids=64, tmp_mb=512, result_mb=128, timeout_seconds=300.0),
)
