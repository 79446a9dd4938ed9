"""What a gate asks people, and what they answer."""

from __future__ import annotations

import uuid
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from agents.contract.schema import Finding, Frozen
from flows.approvals.texts import Line, Person, PersonOrNobody, Text
from flows.canonical import digest
from flows.people import Via

PREFECT_UI = "prefect-ui"
"""Who answers in Prefect's own page, where nobody has a name."""

_GATES = uuid.UUID("0f1d4d0c-6f3e-5b1c-9a59-3d1c5f0f7f4e")


class RiskLevel(StrEnum):
    """How much harm a gate's effect could do, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Choice(StrEnum):
    """What a person says."""

    APPROVE = "approve"
    REJECT = "reject"


class Door(StrEnum):
    """Where a person said it."""

    CLI = "cli"
    API = "api"
    PAGE = "page"
    PREFECT_UI = "prefect-ui"
    LINK = "link"


class Subject(Frozen):
    """What people say yes to. Who asked, when and why are not part of it."""

    plan: JsonValue
    diff: str
    base_commit: str
    image: str
    policy_version: str


def digest_of(subject: Subject) -> str:
    """sha256 of the subject's canonical form, as hexadecimal digits. Raises InvalidInputError for what has none."""
    return digest(subject.model_dump(mode="json"))


def gate_id(run: str, node: str) -> str:
    """The gate of a node's turn in a run: the same each time, so that a run that is entered again finds it."""
    return str(uuid.uuid5(_GATES, digest([run, node])))


class Clause(Frozen):
    """`quorum` different people of `approvers` must say yes.

    `by_path`: they are asked for what they know of the files, so that nobody stands in for them.
    `anonymous`: an answer in Prefect's page counts as one of them.
    """

    approvers: tuple[str, ...]
    quorum: Annotated[int, Field(ge=1)] = 1
    by_path: bool = False
    anonymous: bool = False


class Requirement(Frozen):
    """What it takes, as the policy said when the gate opened: every clause, and `quorum` different people over all.

    `members` holds who was meant by each `user:` and `group:` then. `escalates_to` may decide, too, from the gate's
    escalation on. `reject_quorum` noes end it.
    """

    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    quorum: Annotated[int, Field(ge=1)]
    reject_quorum: Annotated[int, Field(ge=1)] = 1
    members: dict[str, tuple[Person, ...]] = Field(default_factory=dict)
    escalates_to: tuple[str, ...] = ()
    requester_may_approve: bool = False
    author_may_approve: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """Everyone whom a clause names, as the policy names them."""
        return tuple(dict.fromkeys(name for clause in self.clauses for name in clause.approvers))

    def people(self, approvers: tuple[str, ...]) -> frozenset[str]:
        """Who is meant by these `user:` and `group:`."""
        return frozenset(name for approver in approvers for name in self.members.get(approver, ()))


class Check(Frozen):
    """One thing that was tried with the change before anyone was asked, such as undoing it."""

    name: Line
    passed: bool
    detail: Text = ""


class GateRequest(Frozen):
    """Everything a person sees before deciding.

    `node` is the key of the node's turn (`fix/0/2`), `step` what people call it (`fix#2`), `why` says in words what will
    happen; `requester` is the person who asked for the run (behind a schedule, who made it), `author` who wrote the
    workflow, empty where nobody is known; `via` the door through which the run was asked for. `files` are all paths
    that the diff touches, both of a renamed one, as the hub read them from the diff. `findings` would be fixed.
    """

    run: Annotated[str, Field(min_length=1, max_length=64)]
    workflow: Line
    node: Annotated[Line, Field(min_length=1)]
    step: Line = ""
    agent: Line
    why: Text
    requester: Person
    author: PersonOrNobody = ""
    via: Via | None = None
    risk: RiskLevel
    files: tuple[str, ...] = ()
    plan: JsonValue = None
    diff: str = ""
    verification: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()
    base_commit: str
    image: str
    policy_version: str
    requirement: Requirement
    opened: AwareDatetime
    expires: AwareDatetime
    remind: AwareDatetime | None = None
    escalate: AwareDatetime | None = None

    @property
    def display_name(self) -> str:
        """The node as people know it; its key, where an older version has opened the gate."""
        return self.step or self.node

    @cached_property
    def gate(self) -> str:
        """The gate's id."""
        return gate_id(self.run, self.node)

    @property
    def subject(self) -> Subject:
        """What the digest is over."""
        return Subject(
            plan=self.plan,
            diff=self.diff,
            base_commit=self.base_commit,
            image=self.image,
            policy_version=self.policy_version,
        )

    @cached_property
    def digest(self) -> str:
        """Of `subject`."""
        return digest_of(self.subject)


class Decision(Frozen):
    """What one person said, having seen what has that digest."""

    actor: Person
    choice: Choice
    note: Text = ""
    digest: str
    door: Door
    at: AwareDatetime
