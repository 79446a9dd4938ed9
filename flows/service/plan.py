"""What a run would do, from a checked workflow and the params that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from agents.contract.manifest import Manifest, Risk
from flows.definition import templates
from flows.definition.definition import Definition
from flows.definition.graph import templates_of, texts
from flows.definition.loader import bind, is_file, read_params
from flows.definition.schema import Node, RunIf, Workflow
from flows.execution.inputs import rendered
from flows.reports.planned import Expectation, FanOut, PlannedNode, RunPlan, Wait
from flows.service.workflows import named
from flows.settings import Settings, local_person


def plan_workflow(workflow: str, typed: Mapping[str, str], settings: Settings) -> RunPlan:
    """The plan of the workflow of that name, or in that file. Raises InvalidInputError, also where nobody could approve."""
    # They bring Prefect and the database along, which who only lints need not wait for.
    from flows.approvals import check_approvers, policy_for
    from flows.execution.changes import gated

    definition = named(workflow, settings)
    if gated(definition):
        check_approvers(definition, policy_for(settings, local_person()), workflow if is_file(workflow) else None)
    return plan(definition, typed)


def plan(definition: Definition, typed: Mapping[str, str]) -> RunPlan:
    """The plan of a run with these params. Those that are missing are told in it.

    Raises InvalidInputError for params that the workflow has not, or whose value does not fit.
    """
    workflow = definition.workflow
    given = read_params(workflow, typed)
    absent = {name for name, param in workflow.params.items() if param.default is None and name not in given}
    if not given.keys() <= workflow.params.keys():
        bind(workflow, given)  # says which, and what was probably meant
    rest = {name: param for name, param in workflow.params.items() if name not in absent}
    known = bind(workflow.model_copy(update={"params": rest}), given)
    missing = tuple(sorted(absent - {"repository", "ref"}))
    found = _Planner(definition, known, definition.manifests).plan()
    return found.model_copy(update={"missing": missing})


@dataclass(frozen=True)
class _Known:
    value: JsonValue


@dataclass(frozen=True)
class _Planner:
    """One workflow's plan. `known` are the params whose values are known; `prefix` stands before names."""

    definition: Definition
    known: Mapping[str, JsonValue]
    manifests: Mapping[str, Manifest]
    prefix: str = ""

    def plan(self) -> RunPlan:
        workflow = self.definition.workflow
        expected: dict[str, tuple[Expectation, str]] = {}
        for node_id in self.definition.graph.order:
            node = workflow.node(node_id)
            expected[node_id] = self._expected(node, [expected[other][0] for other in self._before(node)])
        nodes = {node.id: self._planned(node, *expected[node.id]) for node in workflow.all_nodes}
        return RunPlan(
            workflow=workflow.name,
            description=workflow.description,
            params=dict(self.known),
            timeout=workflow.timeout,
            concurrency=workflow.concurrency,
            schedule=workflow.schedule,
            on=workflow.on,
            waves=tuple(tuple(nodes[one] for one in wave) for wave in self._waves(workflow.nodes)),
            last=tuple(tuple(nodes[one] for one in wave) for wave in self._waves(workflow.finally_)),
        )

    def _before(self, node: Node) -> list[str]:
        return sorted(self.definition.graph.dependencies[node.id])

    def _waves(self, nodes: Iterable[Node]) -> list[list[str]]:
        """Node ids by the length of the longest way to them, among `nodes` alone."""
        among = [node.id for node in nodes]
        levels: dict[str, int] = {}
        for node_id in self.definition.graph.order:
            levels[node_id] = 1 + max((levels[one] for one in self.definition.graph.dependencies[node_id]), default=-1)
        # Nodes of `finally` may read any node: only each other puts them into waves.
        last = {node.id for node in self.definition.workflow.finally_}
        for node_id in [one for one in self.definition.graph.order if one in last]:
            before = self.definition.graph.dependencies[node_id] & last
            levels[node_id] = 1 + max((levels[one] for one in before), default=-1)
        return [[one for one in among if levels[one] == level] for level in sorted({levels[one] for one in among})]

    def _expected(self, node: Node, before: list[Expectation]) -> tuple[Expectation, str]:
        last = node in self.definition.workflow.finally_
        handles = self._handles(node)
        found, reason = Expectation.STARTS, ""
        if handles or (node.run_if is RunIf.FAILURE and not last):
            found, reason = Expectation.ON_FAILURE, "only when something that it waits for failed"
        elif node.run_if is RunIf.SUCCESS and not last and before and Expectation.STARTS not in before:
            if all(one is Expectation.SKIPPED for one in before):
                return Expectation.SKIPPED, "no branch before it is taken"
            if all(one in (Expectation.SKIPPED, Expectation.ON_FAILURE) for one in before):
                found, reason = Expectation.ON_FAILURE, "only after a node that handles a failure"
            else:
                found, reason = Expectation.OPEN, "when a branch before it is taken"
        holds = self._holds(node)
        if holds is False:
            return Expectation.SKIPPED, "its condition is false with these params"
        if holds is None and node.when is not None and found is Expectation.STARTS:
            return Expectation.OPEN, reason
        return found, reason

    def _holds(self, node: Node) -> bool | None:
        """What its condition comes to, None where only the run can tell, or there is none."""
        found = None if node.when is None else self._known(node.when)
        return None if found is None else bool(found.value)

    def _known(self, value: JsonValue) -> _Known | None:
        """A value whose templates come to the same whatever the run brings, None where they do not.

        `params.quiet or scan.output.count > 3` is known once `quiet` is true. What has a default must be known itself.
        """
        for _, text in templates_of((), value):
            for reference in templates.parse(text).references:
                root, *rest = reference.path
                if reference.optional and not (root == "params" and rest and rest[0] in self.known):
                    return None
        try:
            return _Known(rendered(value, {"params": dict(self.known)}))
        except templates.TemplateProblemError:  # it reads what is not known yet, or the run will say what is wrong
            return None

    def _planned(self, node: Node, expectation: Expectation, reason: str) -> PlannedNode:
        manifest = self.manifests.get(node.agent or "")
        sub = self.definition.subs.get(node.workflow or "")
        limit = node.timeout or (manifest.limits.timeout_seconds if manifest else None)
        return PlannedNode(
            id=node.id,
            name=f"{self.prefix}{node.id}",
            agent=node.agent,
            workflow=node.workflow,
            description=manifest.description if manifest else sub.workflow.description if sub else "",
            expectation=expectation,
            reason=reason,
            after=tuple(self._waits(node)),
            when=node.when,
            holds=self._holds(node),
            fan_out=self._fan_out(node),
            repeat=node.repeat,
            retries=node.retries.waits(),
            timeout=limit,
            limits=node.limits,
            run_if=node.run_if,
            on_error=node.on_error,
            handles=self._handles(node),
            changes=manifest is not None and manifest.risk is Risk.APPROVAL_REQUIRED,
            approval=node.approval,
            part=self._part(node, sub) if sub else None,
        )

    def _handles(self, node: Node) -> tuple[str, ...]:
        return tuple(other.id for other in self.definition.workflow.all_nodes if other.handler == node.id)

    def _waits(self, node: Node) -> Iterator[Wait]:
        workflow: Workflow = self.definition.workflow
        edges = {edge.from_ for edge in workflow.edges if edge.to == node.id}
        read = {str(found.path[0]) for _, text in texts(node) for found in templates.parse(text).references}
        for other in self._before(node):
            why = "edge" if other in edges else "template" if other in read else "error"
            yield Wait(node=other, why="error" if workflow.node(other).handler == node.id else why)

    def _fan_out(self, node: Node) -> FanOut | None:
        if node.for_each is None:
            return None
        items, concurrency = node.for_each.items, node.for_each.concurrency
        if not isinstance(items, str):
            return FanOut(items=f"{len(items)} given", count=len(items), concurrency=concurrency)
        found = self._known(items)
        count = len(found.value) if found is not None and isinstance(found.value, list) else None
        return FanOut(items=items, count=count, concurrency=concurrency)

    def _part(self, node: Node, sub: Definition) -> RunPlan:
        known: dict[str, JsonValue] = {}
        for name, param in sub.workflow.params.items():
            found = self._known(node.inputs[name]) if name in node.inputs else None
            if found is not None:
                known[name] = found.value
            elif name not in node.inputs and param.default is not None:
                known[name] = param.default
        return _Planner(sub, known, self.manifests, f"{self.prefix}{node.id}.").plan()
