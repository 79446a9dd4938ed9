"""Gates: what waits for people, what it asks, and what they say."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query
from pydantic import AwareDatetime, Field

from agents.contract.schema import Frozen
from flows.service.approvals import Apply, Approvals, Choice, Decision, Door, Gate, GateRequest, May, RiskLevel, State
from ui.api.access import ApprovalsReader, Decider
from ui.api.hub import Hub
from ui.api.paging import Page, Wanted
from ui.api.problems import problems

TAGS: list[str | Enum] = ["approvals"]


class Which(StrEnum):
    """Which gates: those that wait for who asks, all that are open, or all that ever were."""

    MINE = "mine"
    OPEN = "open"
    ALL = "all"


class GateRow(Frozen):
    """A gate in a list. `text` says how it stands."""

    id: UUID
    run: str
    workflow: str
    node: str
    agent: str
    risk: RiskLevel
    requester: str
    state: State
    text: str
    digest: str
    opened: AwareDatetime
    expires: AwareDatetime


class GateView(Frozen):
    """A gate as somebody must see it before deciding.

    `request` holds what will happen, the diff included; `digest` is what a decision must name. `may` says whose yes would
    count now, `refusal` why who asks may not decide, null where they may. `apply` is what became of the change.
    """

    id: UUID
    digest: str
    state: State
    text: str
    request: GateRequest
    decisions: tuple[Decision, ...]
    may: tuple[May, ...]
    refusal: str | None
    apply: Apply
    closed_at: AwareDatetime | None


class Said(Frozen):
    """What a person says who has seen what has that `digest`."""

    choice: Choice
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the gate, as it was shown.")]
    note: Annotated[str, Field(max_length=4000, description="Why; kept with the decision.")] = ""


class Decided(Frozen):
    """The gate as it stands with the decision, and what should be known beside it."""

    gate: GateView
    notices: tuple[str, ...] = ()


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operations on gates."""

    @app.get("/approvals", tags=TAGS)
    def list_approvals(
        asks: ApprovalsReader,
        part: Wanted,
        which: Annotated[Which, Query(description="`mine`, `open` or `all`.")] = Which.OPEN,
        run: Annotated[UUID | None, Query(description="Of that run alone.")] = None,
    ) -> Page[GateRow]:
        """The oldest first. Those that were changed in the database are left out."""
        known = hub.approvals(asks)
        found = known.mine(asks.name) if which is Which.MINE else known.list(which is Which.ALL, _text(run))
        return part.of([_row(gate) for gate in found if run is None or gate.request.run == str(run)])

    @app.get("/approvals/{gate}", tags=TAGS)
    def get_approval(asks: ApprovalsReader, gate: UUID) -> GateView:
        """Everything that a person must see before deciding."""
        known = hub.approvals(asks)
        return _view(known, known.get(str(gate)), asks.name)

    @app.post("/approvals/{gate}/decisions", tags=TAGS, status_code=201, responses=problems(409))
    def decide(asks: Decider, gate: UUID, said: Said) -> Decided:
        """Approve or reject, once. Nothing is written where the gate's digest is another one by now."""
        notices: list[str] = []
        known = hub.approvals(asks)
        found = known.telling(notices.append).decide(
            str(gate), said.choice, note=said.note, digest=said.digest, door=Door.API, actor=asks.name
        )
        return Decided(gate=_view(known, found, asks.name), notices=tuple(notices))


def _text(run: UUID | None) -> str | None:
    return None if run is None else str(run)


def _row(gate: Gate) -> GateRow:
    request = gate.request
    return GateRow(
        id=UUID(gate.id),
        run=request.run,
        workflow=request.workflow,
        node=request.display_name,
        agent=request.agent,
        risk=request.risk,
        requester=request.requester,
        state=gate.state,
        text=gate.text,
        digest=gate.digest,
        opened=request.opened,
        expires=request.expires,
    )


def _view(known: Approvals, gate: Gate, who: str) -> GateView:
    return GateView(
        id=UUID(gate.id),
        digest=gate.digest,
        state=gate.state,
        text=gate.text,
        request=gate.request,
        decisions=gate.decisions,
        may=known.may(gate),
        refusal=known.refusal(gate, who),
        apply=gate.apply,
        closed_at=gate.closed_at,
    )
