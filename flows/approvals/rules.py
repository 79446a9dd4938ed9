"""What a workspace's policy says: who is who, and who must say yes to what."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agents.contract.schema import Frozen
from flows.approvals.hours import Hours
from flows.approvals.schema import PREFECT_UI, RiskLevel
from flows.approvals.texts import Person, person
from flows.canonical import digest
from flows.definition.schema import Duration

USER, GROUP = "user:", "group:"

RUN_BY_CI = (
    ".github/workflows/**",
    ".github/actions/**",
    ".gitlab-ci.yml",
    ".circleci/**",
    ".buildkite/**",
    "/Jenkinsfile",
    "/azure-pipelines.yml",
)
"""What a build server runs with its own credentials, often before anyone has reviewed it."""


def _approver(text: str) -> str:
    name = text.partition(":")[2]
    if person(name) == PREFECT_UI:
        raise ValueError(f"'{PREFECT_UI}' is nobody who could be named; set 'prefect_ui'")
    return f"{USER}{person(name)}" if text.startswith(USER) else text


def _recipient(text: str) -> str:
    return text if text == DEFAULT else _approver(text)


def _somebody(name: str) -> str:
    if name == PREFECT_UI:
        raise ValueError(f"'{PREFECT_UI}' is nobody who could be named; set 'prefect_ui'")
    return name


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


Approver = Annotated[str, Field(pattern=r"^(user|group):[^\s:]{1,128}$"), AfterValidator(_approver)]
DEFAULT = "default"
"""In `notify`: whoever has no channel of their own."""

Recipient = Annotated[str, Field(pattern=r"^(default|(user|group):[^\s:]{1,128})$"), AfterValidator(_recipient)]
Channel = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}/[a-z0-9][a-z0-9-]{0,99}$")]
"""A notification block that a team keeps in Prefect: `<type>/<name>`."""
Members = Annotated[tuple[Annotated[Person, AfterValidator(_somebody)], ...], AfterValidator(_in_order)]


class Rule(Frozen):
    """Where `risk` and `paths` fit (each only if it is written), what it takes.

    With `approvers`: `quorum` of them, beside whatever else is asked. Without: `quorum` different people in all.
    """

    risk: Annotated[tuple[RiskLevel, ...], BeforeValidator(_as_list)] = ()
    paths: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_as_list)] = ()
    approvers: Annotated[tuple[Approver, ...], BeforeValidator(_as_list)] = ()
    quorum: Annotated[int, Field(ge=1, le=20)] = 1
    reject_quorum: Annotated[int, Field(ge=1, le=20)] | None = None


class Escalation(Frozen):
    """After `after`, the people of `to` may decide, too."""

    after: Duration
    to: Annotated[tuple[Approver, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Policy(Frozen):
    """A workspace's policy. What it doesn't say, nobody may."""

    groups: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")], Members] = Field(default_factory=dict)
    approvers: Annotated[tuple[Approver, ...], BeforeValidator(_as_list)] = ()
    requester_may_approve: bool = False
    author_may_approve: bool = False
    prefect_ui: bool = False
    rules: tuple[Rule, ...] = ()
    high_risk: tuple[Annotated[str, Field(min_length=1)], ...] = RUN_BY_CI
    hours: Hours | None = None
    expires: Duration | None = None
    remind_after: Duration | None = None
    escalate: Escalation | None = None
    notify: dict[Recipient, Annotated[tuple[Channel, ...], BeforeValidator(_as_list), Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _answerable(self) -> Policy:
        if self.prefect_ui and not self.approvers:
            raise ValueError("'prefect_ui' lets an answer without a name count as one of 'approvers': name some")
        return self

    @cached_property
    def version(self) -> str:
        """sha256 of the canonical form: another one for every policy that says something else."""
        # Who is told says nothing about who may: a gate is not another one for it.
        return digest(self.model_dump(mode="json", exclude={"notify"}))

    @cached_property
    def named(self) -> frozenset[str]:
        """All people whom it names anywhere as somebody who may decide something."""
        approvers = [*self.approvers, *(name for rule in self.rules for name in rule.approvers)]
        approvers += [*(self.escalate.to if self.escalate else ()), *(f"{GROUP}{group}" for group in self.groups)]
        return frozenset(name for approver in approvers for name in self.members(approver))

    def members(self, approver: str) -> tuple[str, ...]:
        """Who is meant by `user:<name>` or `group:<name>`; nobody by a group that there is not."""
        kind, _, name = approver.partition(":")
        if f"{kind}:" == GROUP:
            return self.groups.get(name, ())
        return () if person(name) == PREFECT_UI else (person(name),)


def single_user(user: str) -> Policy:
    """The policy of somebody who works alone and has written none. Raises ValueError for what is no name.

    That person may decide what they asked for themselves, also in Prefect's page; and nobody else, until a policy
    says who they are.
    """
    return Policy(approvers=(f"{USER}{user}",), requester_may_approve=True, author_may_approve=True, prefect_ui=True)
