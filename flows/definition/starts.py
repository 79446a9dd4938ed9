"""What starts runs by itself: schedules (DY019) and triggers (DY021)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import JsonValue

from flows.definition import templates, types
from flows.definition.draft import BUILT_IN_PARAMS, Draft
from flows.definition.expressions import written
from flows.definition.graph import templates_of
from flows.definition.inference import Inference
from flows.definition.inputs import has_template, shape_of_param
from flows.definition.loops import syntax
from flows.definition.places import Place
from flows.definition.problems import Problem, did_you_mean
from flows.definition.schema import Param, Schedule, Trigger
from flows.definition.types import ANY

_FIELDS = 5
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether a cron expression ever fires does not depend on when that is asked."""


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of `schedule` and `on`."""
    several = isinstance(draft.document.data, dict) and isinstance(draft.document.data.get("schedule"), list)
    for index, schedule in enumerate(draft.workflow.schedule):
        yield from _schedule(draft, schedule, ("schedule", index) if several else ("schedule",))
    for index, trigger in enumerate(draft.workflow.on):
        yield from _trigger(draft, trigger, ("on", index))


def _schedule(draft: Draft, schedule: Schedule, place: Place) -> Iterator[Problem]:
    if schedule.cron is not None and (reason := _why_no_cron(schedule.cron)):
        hint = "Five fields: minute, hour, day of the month, month, day of the week."
        yield draft.problem("DY019", f"'{schedule.cron}' is no cron expression: {reason}.", (*place, "cron"), hint)
    if not _is_zone(schedule.timezone):
        hint = did_you_mean(schedule.timezone, available_timezones(), otherwise="A name such as Europe/Berlin.")
        yield draft.problem("DY019", f"there is no time zone '{schedule.timezone}'.", (*place, "timezone"), hint)
    yield from _values(draft, "DY019", schedule.params, place, "a scheduled run")
    for name, value in schedule.params.items():
        at = (*place, "params", name)
        if has_template(value):
            yield draft.problem("DY019", f"'{name}' of a schedule is a plain value: nothing is there to be read.", at)
        elif (param := _declared(draft).get(name)) and (reason := types.check_param(param, value)):
            yield draft.problem("DY019", f"the param '{name}' {reason}.", at)


def _why_no_cron(text: str) -> str | None:
    fields = len(text.split())
    if fields != _FIELDS:
        return f"it has {fields} field{'' if fields == 1 else 's'}, not {_FIELDS}"
    _, _, day, _, weekday = text.upper().split()
    if "W" in day or any(part.endswith("L") for part in weekday.split(",")):
        return "'W' and the last of a day of the week are not available"  # not to Prefect, which keeps the schedule
    try:
        next(CronSim(text, _EPOCH))
    except CronSimError as error:
        return str(error)[:1].lower() + str(error)[1:]
    except StopIteration:
        return "there is no such day"
    return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True


def _trigger(draft: Draft, trigger: Trigger, place: Place) -> Iterator[Problem]:
    if trigger.filter is not None:
        at = (*place, "filter")
        yield from syntax(draft, at, trigger.filter, "DY021", "'filter'")
        yield from _reads(draft, trigger.filter, at)
    yield from _values(draft, "DY021", trigger.params, place, "a run by an event")
    for name, value in trigger.params.items():
        at = (*place, "params", name)
        for inner, text in templates_of(at, value):
            yield from syntax(draft, inner, text)
            yield from _reads(draft, text, inner)
        param = _declared(draft).get(name)
        if param is None:
            continue
        if not has_template(value):
            if reason := types.check_param(param, value):
                yield draft.problem("DY021", f"the param '{name}' {reason}.", at)
        elif not (given := draft.given(value, {"event": ANY})).fits(wanted := shape_of_param(param)):
            yield draft.problem("DY021", f"the param '{name}' takes {wanted}, the template gives {given}.", at)


def _reads(draft: Draft, text: str, place: Place) -> Iterator[Problem]:
    try:
        template = templates.parse(text)
    except templates.TemplateProblemError:  # a problem of its own
        return
    for reference in template.references:
        if reference.path[0] != "event":
            message = f"'{written(reference.path)}' is not there before a run: a trigger reads 'event' only."
            yield draft.problem("DY021", message, place)
    inference = Inference({"event": ANY})
    inference.template(template)
    for message, hint in inference.wrong:
        yield draft.problem("DY021", f"{message}.", place, hint)


def _declared(draft: Draft) -> Mapping[str, Param]:
    """The workflow's params, and those that every run has."""
    return {**dict.fromkeys(BUILT_IN_PARAMS, Param()), **draft.workflow.params}


def _values(draft: Draft, code: str, given: Mapping[str, JsonValue], place: Place, what: str) -> Iterator[Problem]:
    """Params that are not there, and those without a value."""
    declared = _declared(draft)
    for name in given:
        if name not in declared:
            message = f"'{draft.workflow.name}' has no param '{name}'."
            yield draft.problem(code, message, (*place, "params", name), did_you_mean(name, declared), key=True)
    for name, param in declared.items():
        needed = name == "repository" or (name not in BUILT_IN_PARAMS and param.default is None)
        if needed and given.get(name) is None:
            message = f"{what} needs a value for '{name}'."
            yield draft.problem(code, message, (*place, "params"), f"Write params: {{{name}: …}}.")
