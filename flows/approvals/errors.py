"""What approvals refuse with; an exception's text is what a person reads."""

from __future__ import annotations

from collections.abc import Iterable

from flows.definition.problems import Problem
from flows.errors import DockyardError, InvalidInputError


class ApprovalError(DockyardError):
    """Base of everything that a gate refuses."""


class UnknownGateError(ApprovalError):
    """No gate has that id, or several begin so."""


class GateChangedError(ApprovalError):
    """What would happen is not what the gate was opened for: the digests differ."""


class NotAllowedError(ApprovalError):
    """This person may not decide here, or not any more."""


class DecidedAlreadyError(NotAllowedError):
    """This person has decided at this gate."""


class ApplyError(ApprovalError):
    """A step of applying that may not happen now: not approved, out of order, or done before."""


class TamperedError(ApprovalError):
    """A row of the ledger is not what was written; `row` is its number."""

    def __init__(self, row: int, why: str) -> None:
        self.row = row
        super().__init__(
            f"row {row} of the ledger was changed: {why}. Nothing is decided or written at this gate; "
            "`dockyard ledger verify` names the first row that was touched"
        )


class PolicyError(InvalidInputError):
    """The policy file cannot be used as written; `problems` lists everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.column, p.code)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
