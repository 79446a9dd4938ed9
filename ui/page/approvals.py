"""What the approvals tab does, without a component: list gates, show one, decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from markupsafe import Markup

from agents.contract.schema import Frozen
from flows.errors import DockyardError, InvalidInputError, UnknownError
from flows.service.approvals import Approvals, Choice, Door, Gate
from flows.service.gate_text import diff_lines
from flows.settings import Settings
from ui.page.diff import NO_CHANGE, DiffPage, page_html, pages
from ui.page.gate import gate_html, label
from ui.page.pieces import Tone, notice
from ui.page.visitor import Visitor

LISTED = 100
"""As many gates are listed at once."""


class Which(StrEnum):
    """Which gates are listed."""

    MINE = "Waiting for me"
    OPEN = "All that are open"
    ALL = "Closed ones, too"


class Seen(Frozen):
    """What stands on somebody's page: a decision is about that digest, whatever has become of the gate meanwhile."""

    gate: str
    digest: str


@dataclass(frozen=True)
class Listing:
    """Gates to choose from, as label and id, and a sentence about them."""

    choices: tuple[tuple[str, str], ...]
    said: Markup


@dataclass(frozen=True)
class Shown:
    """A gate on the page. `refusal`: why this visitor may not decide; None where the visitor may."""

    seen: Seen
    facts: Markup
    diff: tuple[DiffPage, ...]
    refusal: str | None

    def page(self, number: int) -> Markup:
        """Page `number` of the diff, from 0; the nearest there is."""
        if not self.diff:
            return NO_CHANGE
        return page_html(self.diff[min(max(number, 0), len(self.diff) - 1)])

    @property
    def labels(self) -> tuple[tuple[str, int], ...]:
        """The pages of the diff, as label and number."""
        return tuple((f"{at + 1} of {len(self.diff)}: {page.files}", at) for at, page in enumerate(self.diff))


class Desk:
    """One visitor before the gates of a workspace."""

    def __init__(self, settings: Settings, visitor: Visitor) -> None:
        self._visitor = visitor
        self._notices: list[str] = []
        self._approvals = Approvals(settings, workspace=visitor.workspace, say=self._notices.append)

    def list(self, which: Which) -> Listing:
        """The gates to choose from, oldest first. Raises as `Approvals.list`."""
        known = self._approvals
        found = known.mine(self._visitor.name) if which is Which.MINE else known.list(which is Which.ALL)
        now = datetime.now(UTC)
        choices = tuple((label(gate, now), gate.id) for gate in found[:LISTED])
        return Listing(choices, notice(self._about(which, len(found))))

    def _about(self, which: Which, count: int) -> str:
        if count == 0 and which is Which.MINE:
            return f"Nothing waits for you. Choose “{Which.OPEN}” to see what waits for others."
        if count == 0:
            return "There is no gate. One opens here when a run wants to change something."
        more = f" The {LISTED} oldest are listed." if count > LISTED else ""
        return f"{count} gate{'' if count == 1 else 's'}, oldest first.{more} Choose one to see what it asks."

    def show(self, gate_id: str) -> Shown:
        """The gate of that id, or whose id alone begins so. Raises InvalidInputError where there is none."""
        try:
            return self._shown(self._approvals.get(gate_id))
        except UnknownError:
            said = f"there is no gate '{gate_id[:80]}' that you could see; choose one from the list"
            raise InvalidInputError(f"{said}, or “{Which.ALL}” for more") from None

    def decide(self, seen: Seen | None, choice: Choice, note: str) -> tuple[Markup, Shown | None]:
        """Decide about what was seen. Returns a sentence, and the gate as it then stands; None where none is shown."""
        if seen is None:
            return notice("Choose a gate first.", Tone.WARNING), None
        try:
            if not self._visitor.may_decide:
                return notice(self._no_decider(), Tone.ERROR), self.show(seen.gate)
            door = Door.LINK if seen.gate in self._visitor.arrivals else Door.PAGE
            gate = self._approvals.decide(
                seen.gate, choice, note=note, digest=seen.digest, door=door, actor=self._visitor.name
            )
        except DockyardError as error:  # decided already, expired, changed since it was shown: the reason is the answer
            return notice(f"Nothing was written: {str(error).rstrip('.')}.", Tone.ERROR), self.show(seen.gate)
        said = "\n".join([f"Your {choice.value} is recorded. How it stands: {gate.text}.", *self._notices])
        return notice(said, Tone.WARNING if self._notices else Tone.FINE), self._shown(gate)

    def _shown(self, gate: Gate) -> Shown:
        refusal = self._approvals.refusal(gate, self._visitor.name) if self._visitor.may_decide else self._no_decider()
        return Shown(
            seen=Seen(gate=gate.id, digest=gate.digest),
            facts=gate_html(gate, datetime.now(UTC)),
            diff=pages(diff_lines(gate)),
            refusal=refusal,
        )

    def _no_decider(self) -> str:
        return f"{self._visitor.name} may look but not decide; an admin can give the account the role approver"
