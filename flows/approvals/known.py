"""Whether those whom a workflow's nodes name as approvers are known to today's policy, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from flows.approvals.rules import GROUP, Policy
from flows.definition import places
from flows.definition.definition import Definition
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Approval, Node

_CODE = "DY012"
"""Nobody could approve: as where a workflow names nobody, but by today's policy."""


def check_approvers(definition: Definition, policy: Policy, file: str | None = None) -> None:
    """Raises DefinitionError where a gate of the workflow, or of one that it runs, could never be opened for its change.

    That is so for a group that the policy doesn't have, a person whom it names nowhere, and where fewer people are meant
    than must say yes. A workflow chooses among the people of the policy: whoever writes one makes nobody an approver.
    """
    if problems := [*_problems(definition, policy, file or f"{definition.workflow.name}.yaml")]:
        raise DefinitionError(problems)


def _problems(definition: Definition, policy: Policy, file: str) -> Iterator[Problem]:
    document = places.read(definition.text, file)
    for key, nodes in (("nodes", definition.workflow.nodes), ("finally", definition.workflow.finally_)):
        for index, node in enumerate(nodes):
            if node.approval is not None:
                yield from _of_node(document, node, node.approval, (key, index, "approval"), policy)
    for name, sub in definition.subs.items():
        yield from _problems(sub, policy, f"{name}.yaml")


def _of_node(document: Document, node: Node, approval: Approval, place: Place, policy: Policy) -> Iterator[Problem]:
    approvers = approval.approvers or policy.approvers
    if not approvers and not any(rule.approvers and not rule.paths for rule in policy.rules):
        message = f"'{node.id}' leaves it to the policy who may approve, and today's policy names nobody."
        hint = "Write `approvers` into the file that DOCKYARD_POLICY_FILE names, or into the workflow."
        yield document.problem(_CODE, message, place, hint)
        return
    unknown = [
        (index, name.removeprefix(GROUP))
        for index, name in enumerate(approval.approvers)
        if name.startswith(GROUP) and name.removeprefix(GROUP) not in policy.groups
    ]
    for index, group in unknown:
        message = f"the approvers of '{node.id}' name the group '{group}', which the policy doesn't have."
        yield document.problem(_CODE, message, (*place, "approvers", index), _hint(group, policy))
    strangers = [
        (index, name)
        for index, approver in enumerate(approval.approvers)
        if not approver.startswith(GROUP)
        for name in policy.members(approver)
        if name not in policy.named
    ]
    for index, name in strangers:
        message = f"the approvers of '{node.id}' name '{name}', whom today's policy names nowhere."
        hint = "Add them to a group or to `approvers` in the file that DOCKYARD_POLICY_FILE names."
        yield document.problem(_CODE, message, (*place, "approvers", index), hint)
    stand_ins = policy.escalate.to if policy.escalate else ()
    people = {name for approver in (*approvers, *stand_ins) for name in policy.members(approver)}
    if approvers and not unknown and not strangers and len(people) < approval.quorum:
        message = f"{approval.quorum} must approve '{node.id}', and today's policy knows {len(people)} who may."
        yield document.problem(_CODE, message, place)


def _hint(group: str, policy: Policy) -> str:
    if not policy.groups:
        return "It has no groups: write them into the file that DOCKYARD_POLICY_FILE names."
    return did_you_mean(group, policy.groups)
