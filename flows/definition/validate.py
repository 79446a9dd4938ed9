"""Everything that can be known before running is checked before running, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable

from flows.definition import grants, inputs, loops, names, order, references, starts
from flows.definition.definition import Definition, report_of_workflow
from flows.definition.draft import Draft
from flows.definition.problems import DefinitionError, Problem


def validate(draft: Draft, text: str, found: Iterable[Problem]) -> Definition:
    """The checked workflow. Raises DefinitionError with every problem, `found` among them."""
    unreadable = list(loops.unreadable(draft))
    problems = [*found, *unreadable]
    for check in (names.check, grants.check, inputs.check, loops.check, order.check, starts.check):
        problems += check(draft)
    # Who waits for whom stands in the templates, too: what can be skipped is known when all can be read.
    whole = not unreadable and draft.graph.cycle() is None
    problems += references.check(draft, whole=whole)
    if whole:
        problems += order.never(draft)
    if problems:
        raise DefinitionError(problems)
    report = report_of_workflow(draft.workflow, draft.branches, draft.manifests, draft.subs)
    return Definition(text, draft.workflow, draft.graph, draft.subs, report, draft.manifests)
