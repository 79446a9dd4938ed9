"""A workflow that would have to wait for people does not begin, as long as nothing can ask them."""

from __future__ import annotations

from collections.abc import Iterator

from agents.catalog import catalog
from agents.contract.manifest import Risk
from flows.definition.loader import Definition
from flows.errors import InvalidInputError


def refuse_gates(definition: Definition) -> None:
    """Raises InvalidInputError when a node of the workflow, or of one that it runs, needs an approval."""
    gated = list(_gated(definition))
    if gated:
        names = ", ".join(f"'{name}'" for name in gated)
        message = f"gates cannot be opened yet, and {names} would wait at one; take it out of the workflow to run the rest"
        raise InvalidInputError(message)


def _gated(definition: Definition, prefix: str = "") -> Iterator[str]:
    for node in definition.workflow.all_nodes:
        risky = node.agent is not None and catalog()[node.agent].risk is Risk.APPROVAL_REQUIRED
        if node.approval is not None or risky:
            yield f"{prefix}{node.id}"
        if node.workflow is not None:
            yield from _gated(definition.subs[node.workflow], f"{prefix}{node.id}.")
