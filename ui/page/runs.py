"""What the run tab does, without a component: choose a workflow, start, watch, cancel, try again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from markupsafe import Markup

from flows.errors import DockyardError, InvalidInputError, UnknownError
from flows.service import RunHandle, Runs, StartRequest
from flows.service.forms import Field, fields, problems, typed
from flows.service.moments import look
from flows.service.shelf import Shelved, names, shelved
from flows.settings import Settings
from ui.page.connect import runs_of
from ui.page.pieces import Tone, notice
from ui.page.run_view import duration, picture_html, run_html
from ui.page.tail import Tail, grown
from ui.page.visitor import Visitor

LISTED = 30
"""As many runs are listed."""


@dataclass(frozen=True)
class Form:
    """What a workflow asks for. `said` stands above the form; `sound`: whether it can be started."""

    fields: tuple[Field, ...]
    said: Markup
    sound: bool


@dataclass(frozen=True)
class Started:
    """What came of starting: the run's id, or None; a sentence; and by field what is wrong with it."""

    run: str | None
    said: Markup
    beside: Mapping[str, str]


@dataclass(frozen=True)
class Shown:
    """A run on the page. `live`: it goes on, so look again; `failed`: it can be tried again."""

    facts: Markup
    picture: Markup
    tail: Tail
    live: bool
    failed: bool


class RunDesk:
    """One visitor before the runs of a workspace."""

    def __init__(self, settings: Settings, visitor: Visitor) -> None:
        self._settings = settings
        self._visitor = visitor

    @cached_property
    def runs(self) -> Runs:
        """The visitor's way to the runs. Raises UnavailableError."""
        return runs_of(self._settings, self._visitor)

    def workflows(self) -> list[str]:
        """The names to choose from."""
        return names(self._settings, self._visitor.workspace)

    def form(self, name: str | None) -> Form:
        """The form of that workflow; of none, a sentence what to do."""
        if not name:
            return Form((), choose_one(self._settings), sound=False)
        try:
            found = shelved(name, self._settings, self._visitor.workspace)
        except DockyardError as error:
            return Form((), notice(_sentence(error), Tone.ERROR), sound=False)
        if found.workflow is None:
            return Form((), _unsound(found), sound=False)
        about = found.workflow.description or f"{len(found.workflow.all_nodes)} nodes."
        return Form(fields(found.workflow), notice(about, Tone.PLAIN), sound=True)

    def start(self, name: str | None, repository: str, ref: str, filled: Mapping[str, str]) -> Started:
        """Check what was filled in, then start. Whatever is wrong is told, and nothing was started then."""
        if not self._visitor.may_run:
            return Started(None, notice(self._no_runner(), Tone.ERROR), {})
        if not name:
            return Started(None, notice("Choose a workflow first.", Tone.WARNING), {})
        try:
            found = shelved(name, self._settings, self._visitor.workspace)
            if found.workflow is None:
                return Started(None, _unsound(found), {})
            wrong = problems(found.workflow, filled)
            if not repository.strip():
                wrong["repository"] = (
                    "A repository is needed: a git URL, or the path of a folder that the hub lets be named."
                )
            if wrong:
                return Started(None, notice("Nothing was started. See what is said beside the fields.", Tone.ERROR), wrong)
            request = StartRequest(
                workflow=name, repository=repository.strip(), ref=ref.strip() or "HEAD", typed=typed(found.workflow, filled)
            )
            run = self.runs.start(request)
        except DockyardError as error:
            return Started(None, notice(f"Nothing was started: {_sentence(error)}", Tone.ERROR), {})
        return Started(str(run.id), notice(f"{run.name} is started.", Tone.FINE), {})

    def listing(self, also: str | None = None) -> tuple[list[tuple[str, str]], Markup]:
        """The newest runs as label and id, the run `also` among them where there is one, and a sentence.

        Raises UnavailableError.
        """
        found = self.runs.list(limit=LISTED)
        if also and also not in {str(run.id) for run in found}:
            with suppress(InvalidInputError):  # `show` says so
                found.append(self.runs.get(_uuid(also)))
        now = datetime.now(UTC)
        if not found:
            return [], notice("There is no run yet. Choose a workflow in the form, fill it in and press Start.", Tone.INFO)
        return [(label(run, now), str(run.id)) for run in found], notice(
            f"The {len(found)} newest runs are listed. Choose one to see how it goes.", Tone.PLAIN
        )

    def show(self, run: str, tail: Tail) -> Shown:
        """The run as it is now; `tail` is what of its log is known. Raises InvalidInputError, UnavailableError."""
        run_id = _uuid(run)
        try:
            moment = look(run_id, self.runs, self._settings)
        except UnknownError:
            raise InvalidInputError(f"there is no run {run_id} that you could see; choose one from the list") from None
        now = datetime.now(UTC)
        return Shown(
            facts=run_html(moment, now),
            picture=picture_html(moment),
            tail=grown(tail, lambda after, offset: self.runs.logs(run_id, after=after, offset=offset)),
            live=not moment.run.state.final,
            failed=moment.run.state.final and moment.run.state.value != "completed",
        )

    def cancel(self, run: str) -> Markup:
        """Ask for the run's end. What prevents it is said."""
        return self._act(self._cancel, run, "It is being cancelled; its containers end within seconds.")

    def retry(self, run: str) -> Markup:
        """Try the run again from what failed. What prevents it is said."""
        return self._act(self._retry, run, "It is tried again: nodes that succeeded keep their results.")

    def _cancel(self, run: UUID) -> None:
        self.runs.cancel(run)

    def _retry(self, run: UUID) -> None:
        self.runs.retry(run)

    def _act(self, act: Callable[[UUID], object], run: str, done: str) -> Markup:
        if not self._visitor.may_run:
            return notice(self._no_runner(), Tone.ERROR)
        try:
            act(_uuid(run))
        except DockyardError as error:
            return notice(f"Nothing was changed: {_sentence(error)}", Tone.ERROR)
        return notice(done, Tone.FINE)

    def _no_runner(self) -> str:
        return f"{self._visitor.name} may look but not start or cancel; an admin can give the account the role operator"


def choose_one(settings: Settings) -> Markup:
    """What is said where no workflow is chosen."""
    return notice(f"Choose a workflow. Those of {settings.workflows_dir} are listed.", Tone.INFO)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInputError(f"'{text[:80]}' is no run's id; choose a run from the list") from None


def _sentence(error: DockyardError) -> str:
    return f"{str(error).rstrip('.')}."


def label(run: RunHandle, now: datetime) -> str:
    """A run as an entry of a list, in plain text."""
    age = f"{duration((now - run.created).total_seconds())} ago" if run.created else ""
    return " · ".join(part for part in (run.name, run.workflow, run.repository, run.state.value, age) if part)


def _unsound(found: Shelved) -> Markup:
    first = found.problems[0]
    more = f" ({len(found.problems)} problems in all)" if len(found.problems) > 1 else ""
    return notice(f"{found.name} cannot run: {first}{more}. The Workflows tab shows its text.", Tone.ERROR)
