"""Any workflow ends as a plain model says, whatever the order of events: written independently, by recursion."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.definition.loader import Definition
from flows.definition.status import NodeStatus
from flows.execution.scheduler import Outcome, Step
from tests.flows.execution.driving import Drive, definition, item_and_turn

BAD = {"failed": NodeStatus.FAILED, "timed-out": NodeStatus.TIMED_OUT}
PARAMS = {"yes": True, "no": False}


@dataclass
class Spec:
    """A node as it was made up, and what its agent does: every item in `bad`, and every turn from `bad_turn`, ends so.

    `flaky` attempts of each turn fail before one may succeed.
    """

    node: dict[str, Any]
    before: set[str] = field(default_factory=set)
    condition: str = "none"
    items: int | None = None
    stops_at: int = 1
    turns: int = 1
    flaky: int = 0
    bad: set[int] = field(default_factory=set)
    bad_turn: int = 99
    bad_status: str = "failed"
    sub: Made | None = None
    last: bool = False


@dataclass
class Made:
    """A workflow and all its nodes' specs, those of its sub-workflows too."""

    definition: Definition
    own: dict[str, Spec]

    @property
    def specs(self) -> dict[str, Spec]:
        found = dict(self.own)
        for spec in self.own.values():
            if spec.sub is not None:
                found |= spec.sub.specs
        return found


def make(random: Random, size: int, name: str = "n", depth: int = 0) -> Made:
    """A workflow of `size` nodes; what a node waits for has a lower number, the file's order is shuffled."""
    subs = [make(random, random.randint(1, 5), f"{name}s{number}_", depth + 1) for number in range(2 if depth < 2 else 0)]
    finals = random.randint(0, 3)
    own: dict[str, Spec] = {}
    edges: list[str] = []
    for index in range(size + finals):
        last = index >= size
        node_id = f"{name}{index}"
        lowest = size if last else 0
        pool = [f"{name}{other}" for other in range(max(lowest, index - 30), index)]
        drawn = random.sample(pool, min(len(pool), random.choice([0, 1, 1, 2, 3])))
        spec = Spec({"id": node_id, "agent": "x", "inputs": {}}, before=set(drawn), last=last)
        if last:
            spec.before |= set(random.sample([f"{name}{other}" for other in range(size)], random.choice([0, 1])))
        if subs and random.random() < 0.1:
            spec.sub = random.choice(subs)
        for other in sorted(spec.before):
            if spec.sub is None and random.random() < 0.5:
                spec.node["inputs"][f"from_{other}"] = f"{{{{ {other}.status }}}}"
            else:
                edges.append(f"{other}>{node_id}")
        _dress(random, spec)
        own[node_id] = spec
    _handlers(random, own)
    nodes = [spec.node for spec in own.values() if not spec.last]
    random.shuffle(nodes)
    made = definition(
        *nodes,
        edges=edges,
        final=[spec.node for spec in own.values() if spec.last],
        subs=[sub.definition for sub in subs],
        name=f"w-{name.replace('_', '-')}",
        params={key: {"type": "boolean", "default": value} for key, value in PARAMS.items()},
    )
    return Made(made, own)


def _dress(random: Random, spec: Spec) -> None:
    node, node_id = spec.node, str(spec.node["id"])
    if not spec.last:
        node["run_if"] = random.choice(["success", "success", "success", "always", "failure"])
    node["on_error"] = random.choice(["fail", "fail", "continue"])
    spec.condition = random.choice(["none"] * 6 + ["yes", "no", "breaks", "completed"])
    if spec.condition == "completed" and not spec.before:
        spec.condition = "none"
    conditions = {"yes": "{{ params.yes }}", "no": "{{ params.no }}", "breaks": "{{ 1 / 0 }}"}
    if spec.condition == "completed":
        first = min(spec.before)
        node["when"] = f"{{{{ {first}.status == 'completed' }}}}"
    elif spec.condition in conditions:
        node["when"] = conditions[spec.condition]
    if spec.sub is not None:
        del node["agent"]
        node["workflow"] = spec.sub.definition.workflow.name
    if random.random() < 0.2:
        spec.items = random.choice([0, 1, 2, 3, 7])
        node["for_each"] = {"items": list(range(spec.items)), "concurrency": random.randint(1, 4)}
        if spec.sub is None:
            node["inputs"]["item"] = "{{ item }}"
    if random.random() < 0.2:
        spec.turns, spec.stops_at = random.randint(1, 4), random.randint(1, 5)
        until = f"{{{{ {node_id}.output.turn >= {spec.stops_at} }}}}" if spec.sub is None else "{{ params.yes }}"
        if spec.sub is not None:
            spec.stops_at = 1
        node["repeat"] = {"until": until, "max": spec.turns, **({"delay": 5} if random.random() < 0.5 else {})}
    if spec.sub is None:
        spec.flaky = random.choice([0, 0, 0, 1, 2])
        node["retries"] = {"max": random.choice([0, 1, 2])}
        spec.bad = set(random.sample(range(8), random.choice([0, 0, 1, 3])))
        spec.bad_turn = random.choice([99, 99, 99, 1, 2])
        spec.bad_status = random.choice(["failed", "timed-out"])


def _handlers(random: Random, own: dict[str, Spec]) -> None:
    names = list(own)
    for index, node_id in enumerate(names):
        later = [other for other in names[index + 1 : index + 20] if own[other].last == own[node_id].last]
        if later and random.random() < 0.15:
            handler = random.choice(later)
            own[node_id].node["on_error"] = handler
            own[handler].node.pop("run_if", None)
            own[handler].before.add(node_id)


def turn_of(spec: Spec, item: int | None, turn: int) -> Outcome:
    """How one turn ends, after all its attempts."""
    for attempt in range(spec.node["retries"]["max"] + 1):
        if attempt >= spec.flaky and item not in spec.bad and turn < spec.bad_turn:
            return Outcome(NodeStatus.COMPLETED, output={"turn": turn, "item": item})
    return Outcome(BAD[spec.bad_status], error="broke")


@dataclass(frozen=True)
class Fate:
    """How a node ends by the model; `output` of one that has none is None."""

    status: str
    output: object = None
    after_failure: bool = False

    @property
    def bad(self) -> bool:
        return self.status in BAD


def fates(made: Made) -> dict[str, Fate]:
    """How every node of a workflow ends: no turns, no order, nothing but what the language says."""
    known: dict[str, Fate] = {}
    handled = {spec.node["on_error"] for spec in made.own.values()} & made.own.keys()

    def hurt(other: str) -> bool:
        fate = ends(other)
        return fate.after_failure or (fate.bad and made.own[other].node["on_error"] != "continue")

    def ends(node_id: str) -> Fate:
        if node_id not in known:
            known[node_id] = decide(made.own[node_id])
        return known[node_id]

    def unstarted(spec: Spec) -> Fate | None:
        run_if, failure = spec.node.get("run_if", "success"), any(hurt(other) for other in spec.before)
        if spec.node["id"] in handled:
            own = [other for other in spec.before if made.own[other].node["on_error"] == spec.node["id"]]
            return None if any(ends(other).bad for other in own) else Fate("skipped")
        if spec.last or run_if == "always":
            return None
        if run_if == "failure":
            return None if failure else Fate("skipped")
        if failure:
            return Fate("skipped", after_failure=True)
        untaken = spec.before and all(ends(other).status == "skipped" for other in spec.before)
        return Fate("skipped") if untaken else None

    def decide(spec: Spec) -> Fate:
        if fate := unstarted(spec):
            return fate
        if spec.condition == "no" or (spec.condition == "completed" and ends(asked(spec)).status != "completed"):
            return Fate("skipped")
        return Fate("failed") if spec.condition == "breaks" else done(spec)

    return {node_id: ends(node_id) for node_id in made.own}


def asked(spec: Spec) -> str:
    """The node that the condition `completed` is about."""
    return str(spec.node["when"]).split()[1].split(".")[0]


def done(spec: Spec) -> Fate:
    """How a node that starts ends."""
    each = [one(spec, item) for item in (range(spec.items) if spec.items is not None else [None])]
    if spec.items is None:
        return each[0]
    good = [fate.output for fate in each if not fate.bad]
    if len(good) == len(each):
        return Fate("completed", good)
    status = next(fate.status for fate in each if fate.bad)
    return Fate(status, good if spec.node["on_error"] == "continue" else None)


def one(spec: Spec, item: int | None) -> Fate:
    """How one item ends, or the node where it has none."""
    for turn in range(1, spec.turns + 1):
        if spec.sub is not None:
            return whole(spec.sub)
        outcome = turn_of(spec, item, turn)
        if not outcome.status.ok:
            return Fate(outcome.status.value)
        if "repeat" not in spec.node or turn >= spec.stops_at:
            return Fate("completed", outcome.output)
    return Fate("failed")


def whole(made: Made) -> Fate:
    """How a sub-workflow ends."""
    ended = fates(made)
    if unrecovered(made, ended):
        return Fate("failed")
    given = {node_id: fate.output for node_id, fate in ended.items() if fate.output is not None}
    return Fate("completed", given)


def unrecovered(made: Made, ended: dict[str, Fate]) -> set[str]:
    """Nodes that fail the run."""
    found = set()
    for node_id, fate in ended.items():
        on_error = made.own[node_id].node["on_error"]
        if fate.bad and on_error != "continue" and (on_error == "fail" or ended[on_error].status != "completed"):
            found.add(node_id)
    return found


def read(outcome: Outcome) -> object:
    """An outcome's output, sub-workflows' reduced to what their nodes gave."""

    def reduced(value: Any) -> object:
        if isinstance(value, dict) and "nodes" in value:
            return {name: reduced(inner) for name, inner in value["nodes"].items()}
        return [reduced(inner) for inner in value] if isinstance(value, list) else value

    return reduced(outcome.output)


def check(made: Made, slots: int, random: Random) -> None:
    specs = made.specs

    def behave(step: Step) -> Outcome:
        return turn_of(specs[step.node.id], *item_and_turn(step.name))

    run = Drive(made.definition, PARAMS, slots)
    run.on(behave, random.randrange)
    wanted = fates(made)
    ended = run.scheduler.outcomes()
    assert {name: (o.status.value, read(o), o.after_failure) for name, o in ended.items()} == {
        name: (fate.status, fate.output, fate.after_failure) for name, fate in wanted.items()
    }
    assert {name for name, _ in run.scheduler.reasons()} == unrecovered(made, wanted)
    for step in run.started.values():
        if "." not in step.name:
            assert specs[step.node.id].before <= ended.keys()
            item, _ = item_and_turn(step.name)
            sent = {f"from_{name}": wanted[name].status for name in specs[step.node.id].before}
            assert step.inputs.items() <= {**sent, "item": item}.items()
    assert {row.name for row in run.rows.values() if "." not in row.name and "[" not in row.name} == set(wanted)


bounded = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settings(bounded, max_examples=120)
@given(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(1, 6))
def test_small_workflows_end_as_the_model_says(random: Random, size: int, slots: int) -> None:
    check(make(random, size), slots, random)


@settings(bounded, max_examples=60)
@given(st.integers(0, 2**32), st.integers(30, 300), st.sampled_from([1, 3, 8, 1000]))
def test_large_workflows_end_as_the_model_says(seed: int, size: int, slots: int) -> None:
    random = Random(seed)
    check(make(random, size), slots, random)


@settings(bounded, max_examples=100)
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 8))
def test_when_time_is_over_only_finally_starts_and_all_ends(seed: int, size: int, slots: int) -> None:
    random = Random(seed)
    made = make(random, size)
    workflow = made.definition.workflow.model_copy(update={"timeout": 60.0})
    specs = made.specs
    run = Drive(Definition("", workflow, made.definition.graph, made.definition.subs), PARAMS, slots)
    bell = run.alarms[0]
    assert bell.seconds == 60.0
    for _ in range(random.randrange(2 * size)):
        if not run.running or run.scheduler.finished:
            break
        name = random.choice(list(run.running))
        run.end(name, turn_of(specs[run.running[name].node.id], *item_and_turn(name)))
    if run.scheduler.finished:
        return
    main = {node.id for node in workflow.nodes}
    in_time = main <= run.scheduler.outcomes().keys()
    before, ended = set(run.started), dict(run.scheduler.outcomes())
    assert all(bell in step.bounds for step in run.running.values())
    run.ring(run.alarms.index(bell))
    run.on(lambda step: turn_of(specs[step.node.id], *item_and_turn(step.name)), random.randrange)
    late = [step for name, step in run.started.items() if name not in before]
    assert all(step.last for step in late)
    outcomes = run.scheduler.outcomes()
    assert ended.items() <= outcomes.items()
    assert {node.id for node in workflow.finally_} <= outcomes.keys()
    if not in_time:
        assert run.scheduler.reasons()
        begun = {re.split(r"[.\[#]", name)[0] for name in before}
        untouched = {name for name in main - ended.keys() - begun if made.own[name].sub is None}
        assert {outcomes[node_id].status for node_id in untouched} <= {NodeStatus.TIMED_OUT}
