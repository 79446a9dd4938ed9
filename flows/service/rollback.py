"""Taking back what runs have written: each approved change, by git, and a row in the ledger that says who did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from uuid import UUID

from agents.contract.schema import Frozen
from flows.approvals import Gate, Step, UnknownGateError
from flows.approvals.texts import readable
from flows.definition.loader import load
from flows.errors import InvalidInputError
from flows.execution.agents import known_with
from flows.execution.changes import branch_names, revert_branch, revert_message, signature
from flows.reports import archive
from flows.service.approvals import Approvals
from flows.service.local import LocalServices
from flows.service.runs import Runs
from flows.settings import Settings, local_person
from flows.workspace import display, folder_of
from flows.workspace.rollback import Undone, rollback

__all__ = ["Rollbacks", "RolledBack", "Undone"]

_SHORTEST = 4
"""Characters that the beginning of a run's id must have, as in `Runs.find`."""


class RolledBack(Frozen):
    """One change that was taken back. `branch` is the deleted one, or the new one that holds `commit`, to be merged."""

    gate: Gate
    how: Undone
    branch: str
    commit: str | None = None
    onto: str | None = None


class Rollbacks:
    """Takes back what runs have written. Whoever may write to the repository may do so; the ledger names them."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        """`say` is told what is waited for, and which gates are left out."""
        self._settings = settings
        self._approvals = Approvals(settings, say=say)
        self._say = say

    def roll_back(
        self, text: str, *, repository: str | None = None, reason: str = "", actor: str | None = None
    ) -> Iterator[RolledBack]:
        """Take back the change of a gate, or every change of a run, the newest first: each when it is asked for.

        `text` is a run's or a gate's id or the beginning of one, a run's name, or `latest`; `repository` a folder, by
        default the one that the run was given. Raises InvalidInputError where there is nothing to take back,
        PatchError with git's reason.
        """
        gates = [gate for gate in self._gates(text) if gate.apply.step is Step.APPLIED]
        if not gates:
            raise InvalidInputError(f"'{text}' has nothing to take back: no change of it was applied, or all are taken back")
        for gate in reversed(gates):
            yield self._one(gate, repository, readable(reason), actor or local_person())

    def _one(self, gate: Gate, repository: str | None, reason: str, actor: str) -> RolledBack:
        run = UUID(gate.request.run)
        undone = rollback(
            self._folder(gate, repository),
            branch=gate.apply.branch or self._branch(run, gate),
            commit=gate.apply.commit,
            revert_branch=revert_branch(gate),
            message=revert_message(gate, gate.apply.commit),
            author=signature(gate),
            home=self._settings.state_dir / "git",
            timeout=self._settings.git_timeout,
        )
        made = undone.commit if undone.how is Undone.REVERTED else None
        # After git: whoever is killed in between rolls back again, and finds it done.
        after = self._approvals.ledger.rolled_back(gate.id, actor, datetime.now(UTC), commit=made or "", reason=reason)
        return RolledBack(gate=after, how=undone.how, branch=undone.branch, commit=made, onto=undone.onto)

    def _gates(self, text: str) -> tuple[Gate, ...]:
        wanted = text.strip().lower()
        runs = [run for run in self._approvals.ledger.runs() if len(wanted) >= _SHORTEST and run.startswith(wanted)]
        if len(runs) > 1:
            raise InvalidInputError(f"several runs fit '{text}'; `dockyard runs` lists them")
        if not runs:
            try:
                return (self._approvals.ledger.gate(text),)
            except UnknownGateError:
                runs = [str(self._runs.find(text))]
        return self._approvals.list(everything=True, run=runs[0])

    def _folder(self, gate: Gate, repository: str | None) -> Path:
        given = repository or gate.apply.repository or self._runs.repository(UUID(gate.request.run))
        folder = folder_of(given)
        if folder is None:
            raise InvalidInputError(f"{display(given)} is a URL; name the folder that got the branch with --repository")
        return folder

    def _branch(self, run: UUID, gate: Gate) -> str:
        """The branch of a change whose row doesn't name it, being from an older version.

        The results are where Prefect keeps them, so it must be known first.
        """
        self._connect()
        began = archive.pinned(run)
        if began is None:
            raise InvalidInputError(
                f"the workflow of run {run} is kept where this machine cannot read it; roll back where its workers run, "
                f"or run the script rollback-{gate.id}.sh beside the run's report"
            )
        return branch_names(load(began.text, manifests=known_with(began.agents), library=began.library), str(run))(
            gate.request.node
        )

    @cached_property
    def _runs(self) -> Runs:
        self._connect()
        return Runs(self._settings)

    def _connect(self) -> None:
        LocalServices(self._settings).use(self._say, start=False)
