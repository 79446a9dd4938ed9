"""What nodes ask to be given: somebody's approval (DY012), limits and secrets (DY020)."""

from __future__ import annotations

from collections.abc import Iterator

from agents.contract.manifest import Manifest, Risk
from flows.definition.draft import Draft
from flows.definition.places import Place
from flows.definition.problems import Problem, did_you_mean
from flows.definition.schema import Approval, Node


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of approvals, limits and secrets."""
    for node, place in draft.nodes:
        manifest = draft.manifests.get(node.agent or "")
        yield from _approval(draft, node, place, manifest)
        if node.workflow is not None:
            for key in [key for key, asked in (("limits", node.limits), ("secrets", node.secrets)) if asked]:
                message = f"'{key}' belong to a container, and '{node.id}' runs a workflow."
                yield draft.problem(
                    "DY020", message, (*place, key), f"Write them at the nodes of '{node.workflow}'.", key=True
                )
        elif manifest is not None:
            yield from _secrets(draft, node, place, manifest)


def _approval(draft: Draft, node: Node, place: Place, manifest: Manifest | None) -> Iterator[Problem]:
    needed = manifest is not None and manifest.risk is Risk.APPROVAL_REQUIRED
    if node.approval is None:
        if needed:
            message = f"'{node.agent}' needs an approval, and nobody could give one here."
            hint = "Name people: approval: {approvers: ['group:…']}, or leave it to the policy: approval: {}."
            yield draft.problem("DY012", message, (*place, "agent"), hint)
        return
    at: Place = (*place, "approval")
    if node.workflow is not None:
        message = f"an approval is asked for one agent's turn, and '{node.id}' runs a workflow."
        yield draft.problem("DY020", message, at, f"Write it at the nodes of '{node.workflow}'.", key=True)
    elif "approvers" not in node.approval.model_fields_set:
        return  # the policy says who, and whether it names anybody is looked at with it
    elif not node.approval.approvers:
        code = "DY012" if needed else "DY020"
        yield draft.problem(code, f"nobody could approve '{node.id}': 'approvers' is empty.", at)
    elif _votes(node.approval) < node.approval.quorum:
        message = f"{node.approval.quorum} must approve '{node.id}', and {_votes(node.approval)} could."
        yield draft.problem("DY020", message, (*at, "quorum"))


def _votes(approval: Approval) -> int:
    """How many could say yes; a group holds as many as it takes."""
    named = set(approval.approvers)
    return approval.quorum if any(name.startswith("group:") for name in named) else len(named)


def _secrets(draft: Draft, node: Node, place: Place, manifest: Manifest) -> Iterator[Problem]:
    for index, secret in enumerate(node.secrets):
        if secret not in manifest.secrets:
            message = f"'{manifest.name}' takes no secret '{secret}'."
            hint = did_you_mean(secret, manifest.secrets) if manifest.secrets else "It declares none."
            yield draft.problem("DY020", message, (*place, "secrets", index), hint)
