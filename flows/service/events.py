"""Events from outside, and the runs that workflows' triggers make of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from pydantic import JsonValue

from agents.contract.schema import Frozen
from flows.canonical import digest
from flows.definition import templates
from flows.definition.inputs import has_template
from flows.definition.library import Folder
from flows.definition.loader import load
from flows.definition.problems import DefinitionError
from flows.definition.schema import EventType, Trigger, Workflow
from flows.errors import InvalidInputError
from flows.execution.agents import Agents
from flows.execution.inputs import Scope as Values
from flows.execution.inputs import holds, rendered
from flows.execution.library import all_kept, loaded
from flows.execution.tenancy import check_repository
from flows.people import DEFAULT_WORKSPACE, Via
from flows.service.accounts import Accounts, Scope, UnknownAccountError
from flows.service.requests import StartRequest
from flows.service.runs import Caller, Runs
from flows.settings import Settings, local_person
from flows.workspace import is_url

__all__ = ["Event", "EventType", "Events", "PassedOver", "StartedRun", "Taken"]


class Event(Frozen):
    """Something that happened elsewhere. `key` is the same for the same event, however often it is told."""

    type: EventType
    key: str
    payload: dict[str, JsonValue]


class StartedRun(Frozen):
    """A run that an event started, now or when it was told before. `trigger` counts the workflow's `on` from 0."""

    workflow: str
    trigger: int
    run: UUID


class PassedOver(Frozen):
    """A trigger for events of that type that started nothing, and why."""

    workflow: str
    trigger: int
    reason: str


class Taken(Frozen):
    """What came of an event."""

    started: tuple[StartedRun, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


class _Set(Frozen):
    """A trigger that is set, and who set it: for a file, whoever deployed it."""

    workflow: str
    index: int
    trigger: Trigger
    author: str | None
    workspace: str


class Events:
    """Takes in events for one hub."""

    def __init__(self, settings: Settings, runs: Runs) -> None:
        self._settings = settings
        self._runs = runs
        self._accounts = Accounts(settings)

    def take(self, event: Event) -> Taken:
        """Start a run for every trigger that fits, in the name of who set it; the same event starts none a second time.

        Raises UnavailableError: tell the event again, then.
        """
        started: list[StartedRun] = []
        passed: list[PassedOver] = []
        for one in self._set():
            if one.trigger.event is not event.type:
                continue
            try:
                run = self._start(one, event)
            except (InvalidInputError, templates.TemplateProblemError) as error:
                passed.append(PassedOver(workflow=one.workflow, trigger=one.index, reason=str(error)))
            else:
                started.append(StartedRun(workflow=one.workflow, trigger=one.index, run=run))
        return Taken(started=tuple(started), passed_over=tuple(passed))

    def _start(self, one: _Set, event: Event) -> UUID:
        self._check_tells(one, event)
        values: Values = {"event": event.payload}
        if one.trigger.filter is not None and not holds(one.trigger.filter, values):
            raise InvalidInputError("its filter is not true for this event")
        params = {name: rendered(value, values) for name, value in one.trigger.params.items()}
        repository, ref = params.pop("repository", None), params.pop("ref", "HEAD")
        if not isinstance(repository, str) or not isinstance(ref, str):
            raise InvalidInputError("`repository` and `ref` must be text")
        if has_template(one.trigger.params.get("repository")) and not is_url(repository):
            raise InvalidInputError(
                "an event names repositories by http(s) or ssh URL alone; folders are the workflow's to name"
            )
        if ref.startswith("-") or ".." in ref:
            raise InvalidInputError("`ref` must be a branch, a tag or a commit")
        trigger = f"{one.workflow}#{one.index} {event.type.value}"
        caller = Caller(name=self._who(one), via=Via.EVENT, trigger=trigger, workspace=one.workspace)
        request = StartRequest(workflow=one.workflow, repository=repository, ref=ref, params=params)
        key = digest([event.key, one.workflow, one.index])
        return self._runs.acting_for(caller).start(request, idempotency_key=key).id

    def _check_tells(self, one: _Set, event: Event) -> None:
        """Raises InvalidInputError where what happened is none of the workspace's: its runs would show it."""
        if one.workspace == DEFAULT_WORKSPACE:
            return
        found = event.payload.get("repository")
        url = found.get("clone_url") if isinstance(found, dict) else None
        if not event.type.value.startswith("github.") or not isinstance(url, str):
            raise InvalidInputError(f"events that name no repository start workflows of '{DEFAULT_WORKSPACE}' alone")
        check_repository(url, one.workspace, self._settings)

    def _who(self, one: _Set) -> str:
        if one.author is None:
            return self._runs.deployed_by(one.workflow) or local_person()
        try:
            account = self._accounts.get(one.author)
        except UnknownAccountError:
            account = None
        if account is None or account.disabled or Scope.RUNS_WRITE not in account.role.scopes:
            raise InvalidInputError(f"{one.author}, who set this trigger, may start no runs any more")
        return account.name

    def _set(self) -> Iterator[_Set]:
        """Every trigger of every workflow that can run."""
        folder, files = Folder(self._settings.workflows_dir), Agents(self._settings, DEFAULT_WORKSPACE)
        for name in folder:
            with suppress(DefinitionError):
                workflow = load(folder[name], f"{name}.yaml", files, folder).workflow
                yield from _triggers(workflow, None, DEFAULT_WORKSPACE)
        for kept in all_kept(self._settings):
            with suppress(InvalidInputError):
                workflow = loaded(kept.text or "", Agents(self._settings, kept.workspace), self._settings).workflow
                yield from _triggers(workflow, kept.author, kept.workspace)


def _triggers(workflow: Workflow, author: str | None, workspace: str) -> list[_Set]:
    return [
        _Set(workflow=workflow.name, index=index, trigger=trigger, author=author, workspace=workspace)
        for index, trigger in enumerate(workflow.on)
    ]
