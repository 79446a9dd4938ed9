"""The workspace's policy file: YAML, checked as a whole, each mistake with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agents.contract.schema import Frozen
from flows.approvals.errors import PolicyError
from flows.approvals.hours import Hours
from flows.approvals.rules import GROUP, Escalation, Policy, Rule, single_user
from flows.definition import places
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.errors import InvalidInputError
from flows.settings import Settings

_REASONS = {
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "too_short": "must have at least one item",
    "time_parsing": "is a time of day such as 09:00",
}
_PATTERNS = {
    "approvers": "is 'user:<name>' or 'group:<name>'",
    "to": "is 'user:<name>' or 'group:<name>'",
    "notify": "names notification blocks, such as 'slack-webhook/security', for 'user:<name>', 'group:<name>' or 'default'",
}
_MODELS: dict[str, type[Frozen]] = {"rules": Rule, "hours": Hours, "escalate": Escalation}


def policy_for(settings: Settings, user: str) -> Policy:
    """The policy that the settings name; without one, that of `user` working alone.

    Raises PolicyError with every problem, or InvalidInputError when the file cannot be read.
    """
    if settings.policy_file is not None:
        return load_policy(settings.policy_file)
    try:
        return single_user(user)
    except ValidationError as error:
        message = f"'{user}' cannot stand for a person in approvals; write a policy file (DOCKYARD_POLICY_FILE)"
        raise InvalidInputError(message) from error


def load_policy(path: Path) -> Policy:
    """The policy in a file. Raises as `policy_for`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"DOCKYARD_POLICY_FILE: {path} cannot be read: {error}") from error
    return read_policy(text, str(path))


def read_policy(text: str, file: str = "policy.yaml") -> Policy:
    """The policy in a text. Raises PolicyError with every problem."""
    try:
        document = places.read(text, file, "policy")
    except DefinitionError as error:
        raise PolicyError(error.problems) from error
    try:
        policy = Policy.model_validate(document.data)
    except ValidationError as error:
        raise PolicyError(_problem(document, item) for item in error.errors()) from error
    if problems := list(_unknown_groups(document, policy)):
        raise PolicyError(problems)
    return policy


def _unknown_groups(document: Document, policy: Policy) -> Iterator[Problem]:
    named: list[tuple[Place, tuple[str, ...]]] = [(("approvers",), policy.approvers)]
    named += [(("rules", index, "approvers"), rule.approvers) for index, rule in enumerate(policy.rules)]
    if policy.escalate is not None:
        named.append((("escalate", "to"), policy.escalate.to))
    for recipient in policy.notify:
        name = recipient.removeprefix(GROUP)
        if recipient.startswith(GROUP) and name not in policy.groups:
            hint = did_you_mean(name, policy.groups)
            yield document.problem("DY002", f"there is no group '{name}'.", ("notify", recipient), hint, key=True)
    for place, approvers in named:
        for index, approver in enumerate(approvers):
            name = approver.removeprefix(GROUP)
            if approver.startswith(GROUP) and name not in policy.groups:
                hint = did_you_mean(name, policy.groups)
                yield document.problem("DY002", f"there is no group '{name}'.", (*place, index), hint)


def _problem(document: Document, item: ErrorDetails) -> Problem:
    place: Place = tuple(step for step in item["loc"] if step != "[key]")
    called = next((f"'{step}'" for step in reversed(place) if isinstance(step, str)), "the file")
    if item["type"] == "extra_forbidden":
        model = _MODELS.get(str(place[0])) if len(place) > 1 else Policy
        known = [field.alias or name for name, field in (model or Policy).model_fields.items()]
        return document.problem(
            "DY002", f"{called} is not a key here.", place, did_you_mean(str(place[-1]), known), key=True
        )
    if item["type"] == "missing":
        return document.problem("DY002", f"{called} is missing.", place)
    reason = _REASONS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
    if item["type"] == "string_pattern_mismatch":
        reason = next((_PATTERNS[str(step)] for step in reversed(place) if step in _PATTERNS), reason)
    stop = "" if reason.endswith(("?", ".")) else "."
    return document.problem("DY002", f"{called}: {reason[:1].lower()}{reason[1:]}{stop}", place)
