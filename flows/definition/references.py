"""What a node's templates read: whether it is there (DY009), and whether it will be there when it is read (DY010)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flows.definition.branches import continues
from flows.definition.draft import UNTIL, WHEN, Draft, Text
from flows.definition.expressions import Path, Reference, conjuncts, written
from flows.definition.inference import Inference
from flows.definition.places import Place
from flows.definition.problems import Problem, did_you_mean
from flows.definition.schema import Node
from flows.definition.templates import TemplateProblemError, parse
from flows.definition.types import Shape

_ELSEWHERE = {
    "item": "'item' is there in the inputs and the 'until' of a node with 'for_each' only.",
    "event": "'event' is there in 'on' only.",
}


def check(draft: Draft, *, whole: bool) -> Iterator[Problem]:
    """Every problem of what templates read; with `whole`, of what may be missing, too: that takes the whole graph."""
    for node, place in draft.nodes:
        ensured = _ensured(node)
        for text in draft.texts(node, place):
            scope = draft.scope(node, text.inner)
            for reference in text.template.references:
                problem = _known(draft, node, text, reference, scope)
                if problem is None and whole:
                    present = reference.present | (frozenset() if text.inner == WHEN else ensured)
                    problem = _present(draft, node, text, reference, present)
                if problem is not None:
                    yield problem
            yield from _fields(draft, text, scope)


def _fields(draft: Draft, text: Text, scope: Mapping[str, Shape]) -> Iterator[Problem]:
    """Fields that filters and longer expressions read."""
    inference = Inference(scope)
    inference.template(text.template)
    for message, hint in inference.wrong:
        yield draft.problem("DY009", f"{message}.", text.place, hint)


def _known(draft: Draft, node: Node, text: Text, reference: Reference, scope: Mapping[str, Shape]) -> Problem | None:
    root, *rest = reference.path
    reads_last = isinstance(root, str) and root in draft.last and node.id not in draft.last
    if root in draft.places and reads_last:
        message = f"'{root}' runs after all of 'nodes', so '{node.id}' cannot read it."
        return draft.problem("DY009", message, text.place, f"Move '{node.id}' to 'finally'.")
    if root not in scope:
        if root in _ELSEWHERE:
            return draft.problem("DY009", _ELSEWHERE[root], text.place)
        return _unknown(draft, text.place, "there is no node", [root], {*draft.places, "params", "run"})
    if root == "item":
        return _below(draft, text, reference, scope["item"], 1)
    what = {"params": "the workflow has no param", "run": "a run has no field"}.get(str(root), f"'{root}' has no field")
    known = scope[str(root)].fields
    if not rest or rest[0] not in known:
        return _unknown(draft, text.place, what, rest, known)
    return _below(draft, text, reference, known[str(rest[0])], 2)


def _below(draft: Draft, text: Text, reference: Reference, start: Shape, depth: int) -> Problem | None:
    """The first step of the path that leads nowhere."""
    current = start
    for end, step in enumerate(reference.path[depth:], depth + 1):
        below = current.at(step)
        if below is None:
            message, hint = _nowhere(draft, reference.path[:end], current, listed=end == depth + 1)
            return draft.problem("DY009", message, text.place, hint)
        current = below
    return None


def _nowhere(draft: Draft, path: Path, current: Shape, *, listed: bool) -> tuple[str, str | None]:
    root, step, where = str(path[0]), path[-1], f"(in '{written(path)}')"
    hint = did_you_mean(str(step), current.fields) if current.fields else None
    if root == "item":
        return f"an item has no field '{step}' {where}.", hint
    if path[1] != "output":
        return f"'{root}.{path[1]}' has no field '{step}' {where}.", hint
    node = draft.workflow.node(root)
    if listed and node.for_each is not None and current.kinds == {"array"}:
        message = f"'{root}' runs once per item, so its output is a list and has no field '{step}'."
        return message, f"Write {root}.output[0].{step}, or {root}.output | map(attribute='{step}')."
    owner = f"the report of '{node.agent}'" if node.agent else f"the report of the workflow '{node.workflow}'"
    return f"{owner} has no field '{step}' {where}.", hint


def _present(draft: Draft, node: Node, text: Text, reference: Reference, present: frozenset[Path]) -> Problem | None:
    """A problem when what is read may be missing, and nothing around it says what then."""
    path = reference.path
    if reference.optional or len(path) < 2 or path[0] not in draft.places or path[1] != "output":
        return None
    needed = _missing(draft, node, text, reference)
    if needed is None or any(known[: len(needed[0])] == needed[0] for known in present):
        return None
    name = written(path)
    return draft.problem("DY010", f"'{name}' is missing when {needed[1]}.", text.place, _cure(name, needed[0]))


def _cure(name: str, missing: Path) -> str:
    if len(missing) > 2:
        return f"Write {{{{ {name} | default('…') }}}}, or ask for {written(missing)} is defined."
    return f"Write {{{{ {name} | default('…') }}}}, or ask for {missing[0]}.status == 'completed' in 'when'."


def _missing(draft: Draft, node: Node, text: Text, reference: Reference) -> tuple[Path, str] | None:
    """Which part of the path may be missing, and when."""
    path = reference.path
    source = draft.workflow.node(str(path[0]))
    output: Path = (source.id, "output")
    branches = draft.branches
    if text.inner != UNTIL or source.id != node.id:
        if not branches.needs_success(node.id):
            return output, f"'{source.id}' failed or was skipped, and this node runs even then"
        if continues(source):
            return output, f"'{source.id}' failed, and this node runs even then: it says 'on_error: continue'"
        asked = text.inner != WHEN and _asks_the_same(node, source)
        if branches.may_pass(source.id, whatever_its_condition=asked) and branches.starts_without(node.id, source.id):
            return output, f"'{source.id}' was skipped, and this node runs even then"
    return _silent(draft, text, node, path)


def _silent(draft: Draft, text: Text, node: Node, path: Path) -> tuple[Path, str] | None:
    """A node of a sub-workflow whose report is missing although the sub-workflow completed."""
    current: Shape | None = draft.scope(node, text.inner)[str(path[0])]
    for end, step in enumerate(path[1:], 2):
        if current is not None and step in current.optional:
            return path[:end], f"'{step}' gave no report in '{draft.workflow.node(str(path[0])).workflow}', which it may"
        current = current and current.at(step)
    return None


def _ensured(node: Node) -> frozenset[Path]:
    """What is there once the node's `when` was true."""
    try:
        return parse(node.when).ensures if node.when is not None else frozenset()
    except TemplateProblemError:  # a problem of its own
        return frozenset()


def _asks_the_same(node: Node, source: Node) -> bool:
    """Whether `node` starts only where the condition of `source` is true, too."""
    if node.when is None or source.when is None:
        return False
    try:
        own, other = parse(node.when).expressions, parse(source.when).expressions
    except TemplateProblemError:
        return False
    if len(own) != 1 or len(other) != 1:
        return False
    asked = list(conjuncts(own[0]))
    return all(part in asked for part in conjuncts(other[0]))


def _unknown(draft: Draft, place: Place, message: str, rest: list[str | int], known: Iterable[str]) -> Problem:
    if not rest:
        return draft.problem("DY009", "a template names a field, not all of them.", place, did_you_mean("", known))
    name = str(rest[0])
    return draft.problem("DY009", f"{message} '{name}'.", place, did_you_mean(name, known))
