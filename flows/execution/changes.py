"""What an agent wants to change: what people are asked about, and the very same written after their yes, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from agents.contract.manifest import Risk
from agents.contract.schema import Applied, Finding, Patch
from flows.approvals import (
    ApplyError,
    ApprovalError,
    Check,
    Gate,
    GateChangedError,
    Ledger,
    Step,
    Subject,
    digest_of,
)
from flows.definition.loader import Definition
from flows.definition.schema import Node
from flows.errors import NodeFailedError, UnavailableError
from flows.reports import archive
from flows.reports.schema import NodeReport
from flows.workspace import folder_of
from flows.workspace.apply import applied, apply, check_base
from flows.workspace.refusals import PatchError
from flows.workspace.rollback import rollback_script
from flows.workspace.target import Signature, Target
from flows.workspace.touched import touched

_FINDINGS = TypeAdapter(tuple[Finding, ...])

PLAN = ("operation", "explanation", "changes")
"""Fields of a report that say in words what its patch does."""


@dataclass(frozen=True)
class Destination:
    """The repository that gets the change, as the run was told it, and what its ref named when the run began."""

    repository: str
    ref: str
    commit: str
    home: Path
    timeout: float

    def folder(self) -> Path:
        """Raises NodeFailedError where nothing can be written to."""
        folder = folder_of(self.repository)
        if folder is None:
            raise NodeFailedError(
                f"the change cannot be written to {self.repository}: it is a URL, and branches are made in local "
                "repositories only; run the workflow over a clone"
            )
        return folder

    def files(self, patch: Patch) -> tuple[str, ...]:
        """All paths that the diff touches, read from the diff itself, for what the agent says of them counts nothing.

        Finds out before anybody is asked what would be refused after. Raises NodeFailedError or PatchError.
        """
        target = Target.open(self.folder(), home=self.home, timeout=self.timeout)
        check_base(target, self.ref, self.commit)
        with target.scratch() as scratch:
            target.check_clean(scratch)
        return touched(patch.diff, home=self.home, timeout=self.timeout)


def gated(definition: Definition) -> bool:
    """Whether a node of the workflow, or of one that it runs, can open a gate."""
    return any(
        node.approval is not None
        or _risky(definition, node)
        or (node.workflow is not None and gated(definition.subs[node.workflow]))
        for node in definition.workflow.all_nodes
    )


def branch_names(definition: Definition, run: str) -> Callable[[str], str]:
    """The branch for the change of a node's turn, by the turn's key.

    `dockyard/<workflow>/<beginning of the run's id>`; where a run can make several changes, each ends in its own key.
    """
    whole = f"dockyard/{definition.workflow.name}/{run[:8]}"
    if _turns(definition) <= 1:
        return lambda _key: whole
    return lambda key: f"{whole}-{re.sub('[^A-Za-z0-9_]+', '-', key)}"


def _turns(definition: Definition) -> int:
    """How many changes a run can make; more than one where nobody can tell."""
    total = 0
    for node in definition.workflow.all_nodes:
        inner = _turns(definition.subs[node.workflow]) if node.workflow is not None else int(_risky(definition, node))
        total += inner * (2 if node.for_each is not None or node.repeat is not None else 1)
    return total


def _risky(definition: Definition, node: Node) -> bool:
    return node.agent is not None and definition.manifest(node).risk is Risk.APPROVAL_REQUIRED


def patch_of(report: NodeReport) -> Patch | None:
    """The patch that a report holds, if it holds one that changes anything."""
    found = (report.report or {}).get("patch")
    patch = None if found is None else Patch.model_validate(found, strict=False)
    return patch if patch is not None and patch.diff else None


def plan_of(report: NodeReport) -> JsonValue:
    """What the patch does, in words."""
    return {name: value for name, value in (report.report or {}).items() if name in PLAN}


def checks_of(report: NodeReport) -> tuple[Check, ...]:
    """What was tried with the patch before anybody is asked."""
    found = (report.report or {}).get("verification")
    if not isinstance(found, dict):
        return ()
    names = {"applies": "the patch applies to its base", "reverses": "undoing it gives the very files there were"}
    return tuple(Check(name=text, passed=found.get(name) is True) for name, text in names.items())


def fixes_of(report: NodeReport, inputs: Mapping[str, JsonValue], files: Collection[str]) -> tuple[Finding, ...]:
    """The findings that the patch would fix, by the agent's report: of those that it was given, in files that it changes.

    `files` are those that the hub read from the diff. Raises NodeFailedError for a finding that the agent was not given:
    a report that says so is wrong about what people rely on.
    """
    try:
        said = _FINDINGS.validate_python((report.report or {}).get("fixes") or (), strict=False)
        given = _FINDINGS.validate_python(inputs.get("findings") or (), strict=False)
    except ValidationError as error:
        raise NodeFailedError("the agent's report says what it fixes in a way that is no list of findings") from error
    strange = [finding for finding in said if finding not in given]
    if strange:
        raise NodeFailedError(
            f"the agent says that it fixes {len(strange)} finding(s) that it was not given, such as {strange[0].rule}: "
            "nobody is asked on that ground"
        )
    return tuple(dict.fromkeys(finding for finding in said if finding.file in files))


@dataclass(frozen=True)
class Changes:
    """Writes the approved patches of one run."""

    ledger: Ledger
    destination: Destination
    image: Callable[[str], str]
    """What the agent of that name runs from."""
    branch: Callable[[str], str]
    """The branch for a node's key."""

    def subject(self, report: NodeReport, policy_version: str) -> Subject:
        """What writing the report's patch would do now, under that policy."""
        patch = patch_of(report)
        return self.subject_of(report.agent, plan_of(report), policy_version, patch.diff if patch else "")

    def subject_of(self, agent: str, plan: JsonValue, policy_version: str, diff: str = "") -> Subject:
        """What doing this would be now, under that policy."""
        return Subject(
            plan=plan,
            diff=diff,
            base_commit=self.destination.commit,
            image=self.image(agent),
            policy_version=policy_version,
        )

    def write(self, gate: Gate, report: NodeReport) -> NodeReport:
        """Write what the gate approved, if `report` still is what it approved; again after a crash, find it written.

        Raises NodeFailedError with the reason; nothing was written then, and the ledger says why.
        """
        gate = self._now(gate)
        if gate.apply.step is Step.APPLIED:
            self._keep_script(gate, gate.apply.commit)
            return self._with(report, gate, gate.apply.commit)
        # Of which policy it was asked counts here; what today's forbids was forbidden when people decided.
        subject = self.subject(report, gate.request.policy_version)
        try:
            self.ledger.intend_apply(gate.id, digest_of(subject), datetime.now(UTC))
            commit = self._apply(gate, subject)
            self._note(gate, commit)
        except GateChangedError as error:
            raise self._changed(gate, subject, error) from error
        except PatchError as error:
            raise self._refused(gate, str(error)) from error
        except ApprovalError as error:  # not approved, used already, tampered with: the ledger says so itself
            raise NodeFailedError(str(error)) from error
        except UnavailableError as error:
            raise self._later(error) from error
        self._keep_script(gate, commit)
        return self._with(report, gate, commit)

    def _now(self, gate: Gate) -> Gate:
        """The gate as it stands: a try before this one may have written all of it, and lost the database's answer."""
        try:
            return self.ledger.gate(gate.id)
        except ApprovalError as error:
            raise NodeFailedError(str(error)) from error
        except UnavailableError as error:
            raise self._later(error) from error

    def _later(self, error: UnavailableError) -> UnavailableError:
        """The task tries again, a few times."""
        return UnavailableError(f"{error}; what was approved stays approved: retry this run once it answers")

    def _apply(self, gate: Gate, subject: Subject) -> str:
        where = self.destination
        return apply(
            where.folder(),
            base_commit=subject.base_commit,
            expected_ref=where.ref,
            diff=subject.diff,
            branch=self.branch(gate.request.node),
            message=_message(gate),
            author=signature(gate),
            home=where.home,
            timeout=where.timeout,
        )

    def _changed(self, gate: Gate, subject: Subject, error: GateChangedError) -> NodeFailedError:
        """What would be written is not what was approved; what an earlier entry wrote before it was killed may be."""
        what = ", ".join(differences(gate, subject))
        commit = self._found(gate)
        if commit is None:
            return self._refused(gate, f"{error}: {what}")
        self._note(gate, commit)
        self._keep_script(gate, commit)
        branch = self.branch(gate.request.node)
        return NodeFailedError(
            f"the change is on {branch} as it was approved, and what the run holds of it has changed since ({what}): look "
            f"who has done that; `dockyard rollback {gate.id[:8]}` takes the change back"
        )

    def _found(self, gate: Gate) -> str | None:
        """The commit of what was approved, where it had been written without the ledger's being told."""
        where, branch = self.destination, self.branch(gate.request.node)
        if gate.apply.step is not Step.INTENDED:
            return None
        if applied(where.folder(), branch, home=where.home, timeout=where.timeout) is None:
            return None
        try:
            return self._apply(gate, gate.request.subject)  # the same commit again, or another's branch: nothing is made
        except PatchError:
            return None

    def _refused(self, gate: Gate, reason: str) -> NodeFailedError:
        try:
            self.ledger.refuse_apply(gate.id, reason, datetime.now(UTC))
        except ApplyError as error:  # it had been applied, or refused for another reason
            return NodeFailedError(f"{reason} ({error})")
        return NodeFailedError(f"nothing was written: {reason}")

    def _note(self, gate: Gate, commit: str) -> None:
        branch, folder = self.branch(gate.request.node), str(self.destination.folder())
        self.ledger.applied(gate.id, commit, datetime.now(UTC), branch=branch, repository=folder)

    def _keep_script(self, gate: Gate, commit: str) -> None:
        where = self.destination
        script = rollback_script(
            where.folder(),
            branch=self.branch(gate.request.node),
            commit=commit,
            revert_branch=revert_branch(gate),
            message=revert_message(gate, commit),
            author=signature(gate),
        )
        archive.keep(gate.request.run, f"rollback-{gate.id}.sh", script.encode())

    def _with(self, report: NodeReport, gate: Gate, commit: str) -> NodeReport:
        applied = Applied(branch=self.branch(gate.request.node), commit=commit, gate=gate.id, approvers=gate.approvers)
        return report.model_copy(update={"report": {**(report.report or {}), "applied": applied.model_dump(mode="json")}})


def differences(gate: Gate, subject: Subject) -> list[str]:
    """What of `subject` is not what people were asked about, in words."""
    said = gate.request.subject
    return [name.replace("_", " ") for name in Subject.model_fields if getattr(said, name) != getattr(subject, name)] or [
        "the ledger's own row"
    ]


def revert_branch(gate: Gate) -> str:
    """The branch that a rollback makes, where the change has been merged."""
    return f"dockyard/rollback/{gate.id}"


def revert_message(gate: Gate, commit: str) -> str:
    """The message of the commit on it."""
    return f"Take back {commit[:12]}\n\nDockyard-Run: {gate.request.run}\nDockyard-Gate: {gate.id}\n"


def signature(gate: Gate) -> Signature:
    """Who a gate's commits are by, and when."""
    # The moment of the decision: whoever applies again after a crash makes the very same commit.
    return Signature(name="Dockyard", email="dockyard@localhost", when=gate.closed_at or gate.request.opened)


def _message(gate: Gate) -> str:
    request = gate.request
    subject = f"{request.workflow}: {request.display_name} ({request.agent})"
    trailers = [
        f"Dockyard-Run: {request.run}",
        f"Dockyard-Gate: {gate.id}",
        *(f"Dockyard-Approved-By: {name}" for name in gate.approvers),
        f"Dockyard-Digest: sha256:{gate.digest}",
    ]
    return "\n".join([subject, "", request.why, "", *trailers]) + "\n"
