"""Workflows as people keep them in the hub: write, read, change, delete; beside them those that are shipped as files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import Connection, Engine

from agents.contract.schema import Frozen
from flows.definition.library import Folder
from flows.definition.loader import Definition
from flows.definition.problems import DefinitionError, Problem
from flows.definition.schema import Param, Workflow
from flows.errors import ConflictError, InvalidInputError, UnavailableError, UnknownError
from flows.execution.agents import Agents
from flows.execution.library import loaded
from flows.execution.tenancy import check_repository
from flows.people import Via
from flows.service.deployments import deploy, ensure_pool, withdraw
from flows.service.server import answering
from flows.settings import Settings
from flows.store import Kept, keep, kept_workflows, newest_of, open_store, read, versions_of, write


class WorkflowInfo(Frozen):
    """A workflow. A shipped one is a file of the hub: it has no version, and its author and time are not known here."""

    name: str
    description: str = ""
    shipped: bool = False
    version: int | None = None
    author: str | None = None
    at: datetime | None = None


class WorkflowText(Frozen):
    """A workflow with its text, its params, and what hinders it, by today's check."""

    info: WorkflowInfo
    text: str
    params: dict[str, Param]
    problems: tuple[Problem, ...] = ()


class Workflows:
    """The workflows of one workspace. The database is opened by the first method that needs it.

    Names are those of the whole hub: one that is taken, though by whom nobody is told, is taken. All methods raise
    UnavailableError where the database fails.
    """

    def __init__(self, settings: Settings, workspace: str) -> None:
        self._settings = settings
        self._workspace = workspace

    def list(self) -> tuple[WorkflowInfo, ...]:
        """All of them, by name."""
        files = Folder(self._settings.workflows_dir)
        kept = [one for one in read(self._engine, kept_workflows) if self._ours(one) and one.name not in files]
        found = [self._of_file(name, files[name]).info for name in files]
        return tuple(sorted([*found, *(self._of_kept(one).info for one in kept)], key=lambda info: info.name))

    def get(self, name: str) -> WorkflowText:
        """One of them. Raises UnknownError."""
        files = Folder(self._settings.workflows_dir)
        return self._of_file(name, files[name]) if name in files else self._of_kept(self._find(name))

    def history(self, name: str) -> tuple[Kept, ...]:
        """Every version of a kept workflow, the newest first; also of one that was deleted. Raises UnknownError."""
        found = read(self._engine, lambda connection: versions_of(connection, name))
        if not found or not self._ours(found[0]):
            raise _unknown(name)
        return tuple(one for one in found if self._ours(one))

    def create(self, text: str, author: str) -> WorkflowInfo:
        """Keep a new workflow under the name that its text gives, and deploy it.

        Raises DefinitionError, ConflictError where the name is taken. UnavailableError may come after it is kept, and
        says so.
        """
        definition = loaded(text, self._agents(), self._settings)

        def next_version(before: Kept | None) -> int:
            if before is not None and before.text is not None:
                raise ConflictError(
                    f"the name '{definition.workflow.name}' is taken; choose another, or change that workflow"
                )
            return 1 if before is None else before.version + 1

        return self._write(definition, author, next_version)

    def update(self, name: str, text: str, author: str, *, version: int | None = None) -> WorkflowInfo:
        """Keep another text of a kept workflow; the same text again is no new version, and is deployed again.

        Raises UnknownError, DefinitionError, InvalidInputError where the text has another name, ConflictError where the
        newest version is not `version`, or the workflow is a shipped one. UnavailableError as in `create`.
        """
        self._check_ours_to_change(name)
        definition = loaded(text, self._agents(), self._settings)
        if definition.workflow.name != name:
            raise InvalidInputError(f"the text names '{definition.workflow.name}', not '{name}'; names stay as they are")

        def next_version(before: Kept | None) -> int:
            if before is None or before.text is None or not self._ours(before):
                raise _unknown(name)
            if version is not None and before.version != version:
                raise ConflictError(f"'{name}' has version {before.version} by now, by {before.author}; read it again first")
            return before.version if before.text == text else before.version + 1

        return self._write(definition, author, next_version)

    def delete(self, name: str, by: str) -> None:
        """Let nothing start a kept workflow any more; its runs, its versions and who wrote them stay.

        Raises UnknownError, ConflictError for a shipped one. UnavailableError may come after it is deleted, and says so.
        """
        self._check_ours_to_change(name)

        def end(connection: Connection) -> None:
            before = newest_of(connection, name)
            if before is None or before.text is None or not self._ours(before):
                raise _unknown(name)
            gone = {"version": before.version + 1, "at": datetime.now(UTC), "author": by, "text": None}
            keep(connection, before.model_copy(update=gone))

        write(self._engine, end)
        from prefect.client.orchestration import get_client

        try:
            with answering(), get_client(sync_client=True) as client:
                withdraw(client, name, self._workspace)
        except UnavailableError as error:
            raise UnavailableError(f"'{name}' is deleted, and its schedules could not be ended ({error})") from error

    def check_startable(self, name: str) -> None:
        """Raises UnknownError where a workflow of that name is somebody else's."""
        if name not in Folder(self._settings.workflows_dir):
            found = read(self._engine, lambda connection: newest_of(connection, name))
            if found is not None and not self._ours(found):
                raise _unknown(name)

    def _write(self, definition: Definition, author: str, next_version: Callable[[Kept | None], int]) -> WorkflowInfo:
        name = definition.workflow.name
        for one in definition.workflow.schedule:  # no door stands before the runs that it starts
            if isinstance(repository := one.params.get("repository"), str):
                check_repository(repository, self._workspace, self._settings, Via.API)
        if name in Folder(self._settings.workflows_dir):
            raise ConflictError(f"'{name}' is a workflow of the hub itself; choose another name")

        def put(connection: Connection) -> Kept:
            before = newest_of(connection, name)
            version = next_version(before)
            if before is not None and before.version == version:
                return before
            kept = Kept(
                name=name,
                version=version,
                workspace=self._workspace,
                at=datetime.now(UTC),
                author=author,
                text=definition.text,
            )
            keep(connection, kept)
            return kept

        kept = write(self._engine, put)
        self._deploy(definition, kept)
        return _info(kept, definition.workflow)

    def _deploy(self, definition: Definition, kept: Kept) -> None:
        from prefect.client.orchestration import get_client

        try:
            with answering(), get_client(sync_client=True) as client:
                ensure_pool(client, self._settings)
                deploy(client, definition, self._settings, author=kept.author, workspace=kept.workspace)
        except UnavailableError as error:
            message = f"'{kept.name}' is kept, and its schedules do not count yet ({error}); send it once more as a change"
            raise UnavailableError(message) from error

    def _agents(self) -> Agents:
        return Agents(self._settings, self._workspace)

    def _check_ours_to_change(self, name: str) -> None:
        if name in Folder(self._settings.workflows_dir):
            raise ConflictError(f"'{name}' is a file of the hub, which is changed there: keep a copy under another name")
        self._find(name)

    def _find(self, name: str) -> Kept:
        found = read(self._engine, lambda connection: newest_of(connection, name))
        if found is None or found.text is None or not self._ours(found):
            raise _unknown(name)
        return found

    def _ours(self, kept: Kept) -> bool:
        return kept.workspace == self._workspace

    def _of_file(self, name: str, text: str) -> WorkflowText:
        return self._checked(WorkflowInfo(name=name, shipped=True), text)

    def _of_kept(self, kept: Kept) -> WorkflowText:
        return self._checked(_info(kept), kept.text or "")

    def _checked(self, info: WorkflowInfo, text: str) -> WorkflowText:
        try:
            workflow = loaded(text, self._agents(), self._settings, f"{info.name}.yaml").workflow
        except DefinitionError as error:
            return WorkflowText(info=info, text=text, params={}, problems=error.problems)
        described = info.model_copy(update={"description": workflow.description})
        return WorkflowText(info=described, text=text, params=workflow.params)

    @cached_property
    def _engine(self) -> Engine:
        return open_store(self._settings)


def _info(kept: Kept, workflow: Workflow | None = None) -> WorkflowInfo:
    said = "" if workflow is None else workflow.description
    return WorkflowInfo(name=kept.name, description=said, version=kept.version, author=kept.author, at=kept.at)


def _unknown(name: str) -> UnknownError:
    return UnknownError(f"there is no workflow '{name}' that you could use; /api/workflows lists them")
