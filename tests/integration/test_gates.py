"""Runs that wait for people, on a real server and worker: who may decide, what happens then, and what never does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from flows.approvals import (
    Choice,
    DecidedAlreadyError,
    Door,
    NotAllowedError,
    State,
    Step,
    TamperedError,
)
from flows.reports import archive
from flows.service import deployments as deploying
from flows.service.approvals import Approvals
from flows.settings import Settings, local_person
from flows.store import open_store
from tests.flows.processes import at_once
from tests.flows.workspace.conftest import git
from tests.integration.conftest import until
from tests.integration.yard import CREW, MANIFEST, SOON, Yard, branches, configure, say, update, written

pytestmark = pytest.mark.prefect


def test_an_approved_change_is_one_commit_on_a_new_branch_and_nothing_else(yard: Yard) -> None:
    repository = yard.repository()
    before = git(repository, "rev-parse", "HEAD")
    run = yard.start(repository, update("fix"), say("tell", "{{ fix.output.applied.branch | default('none') }}"))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    assert gate.request.files == ("package.json",)
    assert gate.request.requester == local_person()
    assert '+    "lodash": "^4.17.21",' in gate.request.diff
    assert all(check.passed for check in gate.request.verification)
    assert git(repository, "branch", "--list", "dockyard/*") == ""
    yard.decide(gate)
    assert yard.ends(run) == "Completed"
    branch = f"dockyard/gated/{str(run)[:8]}"
    after = yard.ledger.gate(gate.id)
    assert (after.apply.step, after.apply.commit) == (Step.APPLIED, git(repository, "rev-parse", branch))
    assert git(repository, "show", f"{branch}:package.json") == MANIFEST.replace("4.17.20", "4.17.21").strip()
    assert git(repository, "rev-parse", f"{branch}^") == before
    assert git(repository, "diff", "--name-only", "main", branch) == "package.json"
    assert gate.request.display_name == "fix"
    assert git(repository, "log", "-1", "--format=%s", branch) == "gated: fix (patcher)"
    trailers = git(repository, "log", "-1", "--format=%(trailers)", branch)
    for wanted in (f"Dockyard-Run: {run}", f"Dockyard-Gate: {gate.id}", "Dockyard-Approved-By: ann", gate.digest):
        assert wanted in trailers
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "HEAD") == before
    assert yard.statuses(run) == {"fix": "completed", "tell": "completed"}


def test_the_run_goes_on_with_what_does_not_wait_and_then_with_what_was_approved(yard: Yard) -> None:
    run = yard.start(
        yard.repository(),
        say("first", approval=CREW),
        say("side"),
        say("beside", "{{ side.output.text }}"),
        say("second", "{{ first.output.text }}"),
    )
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    until(lambda: yard.tasks(run).get("beside") == "Completed" or None, "the side branch is done", seconds=SOON)
    assert "first" not in yard.tasks(run)
    yard.decide(gate)
    assert yard.ends(run) == "Completed"
    assert set(yard.statuses(run).values()) == {"completed"}


def test_agents_that_start_only_after_a_yes_are_let_go_or_not_each_on_its_own(yard: Yard) -> None:
    each = {"items": list(range(5)), "concurrency": 5}
    run = yard.start(yard.repository(), say("ask", "item {{ item }}", for_each=each, approval=CREW, on_error="continue"))
    gates = yard.gates(run, 5)
    yard.reaches(run, "Paused")
    Random(7).shuffle(gates)
    for number, gate in enumerate(gates):
        assert yard.decide(gate, choice=Choice.REJECT if number == 0 else Choice.APPROVE).state is not State.OPEN
    assert yard.ends(run) == "Completed"
    report = archive.load(run)
    ended = [node.status.value for node in report.nodes if not node.group]
    assert sorted(ended) == ["completed"] * 4 + ["rejected"]
    texts = {str((node.report or {}).get("text")) for node in report.nodes if node.status.ok and not node.group}
    left_out = gates[0].request.node.split("/")[1]
    assert texts == {f"item {n}" for n in range(5)} - {f"item {left_out}"}


def decide_all(word: tuple[Settings, str, list[tuple[str, str, Choice]]]) -> list[str]:
    """What one person says about gates, one after the other, from a process of their own; and how each gate is then."""
    config, actor, answers = word
    approvals = Approvals(config)
    return [
        approvals.decide(gate, choice, note="", digest=digest, door=Door.CLI, actor=actor).state.value
        for gate, digest, choice in answers
    ]


def test_of_twenty_patches_decided_from_two_processes_just_those_that_were_approved_are_written(yard: Yard) -> None:
    repository = yard.repository()
    change = {"file": "conf/{{ item }}.json", "content": '{"limit": 1}\n'}
    node = configure("tune", change, for_each={"items": list(range(20)), "concurrency": 20}, on_error="continue")
    run = yard.start(repository, node)
    gates = yard.gates(run, 20)
    yard.reaches(run, "Paused")
    wanted = {gate.id: Choice.REJECT if number % 5 == 0 else Choice.APPROVE for number, gate in enumerate(gates)}
    words = []
    for seed, actor in enumerate(("ann", "bob")):
        mine = gates[seed::2]
        Random(seed).shuffle(mine)
        words.append((yard.config, actor, [(gate.id, gate.digest, wanted[gate.id]) for gate in mine]))
    told = at_once(decide_all, words)
    assert sorted(state for each in told for state in each) == ["approved"] * 16 + ["rejected"] * 4
    assert yard.ends(run) == "Completed"
    made = set()
    for gate in yard.ledger.gates(run=str(run), open_only=False):
        (file,) = gate.request.files
        if wanted[gate.id] is Choice.REJECT:
            assert (gate.apply.step, written(repository, gate)) == (Step.NONE, [])
            continue
        (commit,) = written(repository, gate)
        assert (gate.apply.step, gate.apply.commit) == (Step.APPLIED, commit)
        assert git(repository, "diff", "--name-only", "main", commit) == file
        made.add(file)
    assert len(made) == len(branches(repository)) == 16
    assert yard.ledger.verify() is None
    ended = [node.status.value for node in archive.load(run).nodes if not node.group]
    assert sorted(ended) == ["completed"] * 16 + ["rejected"] * 4


def test_a_no_ends_the_run_as_rejected_with_nothing_written(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"), say("after", "{{ fix.output.explanation }}"))
    gate = yard.gate(run)
    yard.decide(gate, choice=Choice.REJECT, note="not before the release")
    assert yard.ends(run) == "Rejected"
    assert "rejected by ann" in yard.message(run)
    assert yard.statuses(run) == {"fix": "rejected", "after": "skipped"}
    assert git(repository, "branch", "--list", "dockyard/*") == ""


def test_a_run_that_nobody_could_approve_does_not_begin(yard: Yard) -> None:
    run = yard.start(yard.repository(), say("first"), say("ask", approval={"approvers": ["group:crwe"]}))
    assert yard.ends(run) == "InvalidInput"
    assert "the group 'crwe'" in yard.message(run)
    assert "Did you mean 'crew'?" in yard.message(run)
    assert yard.tasks(run) == {}


def test_silence_ends_the_run_as_expired(yard: Yard) -> None:
    run = yard.start(yard.repository(), update("fix", approval={**CREW, "expires": "2s"}))
    assert yard.ends(run) == "Expired"
    gate = yard.gate(run)
    assert gate.state is State.EXPIRED
    with pytest.raises(NotAllowedError, match="closed"):
        yard.decide(gate)


def test_the_time_that_people_take_is_not_the_runs(yard: Yard) -> None:
    run = yard.start(yard.repository(), say("ask", approval=CREW), timeout="15s")
    gate = yard.gate(run)
    until(lambda: (datetime.now(UTC) - gate.request.opened).total_seconds() > 16, "the run's time is over", seconds=SOON)
    yard.decide(gate)
    assert yard.ends(run) == "Completed"


def test_whoever_asked_may_not_approve(yard: Yard) -> None:
    me = local_person()
    run = yard.start(yard.repository(), update("fix", approval={"approvers": [f"user:{me}", "group:crew"]}))
    gate = yard.gate(run)
    with pytest.raises(NotAllowedError, match="asked for this run"):
        yard.decide(gate, me)
    yard.decide(gate, choice=Choice.REJECT)
    assert yard.ends(run) == "Rejected"


def test_neither_the_author_nor_who_stands_behind_a_bot_may_approve(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"name": "shipped", "nodes": [update("fix")]})
    (yard.config.workflows_dir / "shipped.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(deploying, "local_person", lambda: "ann")
    deploying.deploy_all(yard.config)
    deployment = yard.client.read_deployment_by_name("dockyard/shipped")
    # What a schedule, a bot and a bare `prefect deployment run` make: a run of the deployment that names nobody.
    parameters = {"workflow": "shipped", "repository": str(yard.repository()), "runtime": "local"}
    run = yard.client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id
    gate = yard.gate(run)
    assert gate.request.requester == "ann"
    with pytest.raises(NotAllowedError, match="asked for this run"):
        yard.decide(gate, "ann")
    yard.decide(gate, "bob")
    assert yard.ends(run) == "Completed"


def test_a_run_that_nobody_is_known_to_have_asked_for_asks_nobody(yard: Yard) -> None:
    run = yard.start(yard.repository(), say("first"))
    assert yard.ends(run) == "Completed"
    deployment = yard.client.read_deployment_by_name("dockyard/from_file")
    repository = yard.repository()
    parameters = {"workflow": json.dumps({"name": "mine", "nodes": [update("fix")]}), "repository": str(repository)}
    anonymous = yard.client.create_flow_run_from_deployment(deployment.id, parameters=parameters | {"runtime": "local"}).id
    assert yard.ends(anonymous) == "Failed"
    assert "nobody is known who asked" in yard.message(anonymous)
    assert yard.ledger.gates(run=str(anonymous), open_only=False) == ()


def test_one_person_counts_once(yard: Yard) -> None:
    run = yard.start(yard.repository(), update("fix", approval={**CREW, "quorum": 2}))
    gate = yard.gate(run)
    assert yard.decide(gate).state is State.OPEN
    with pytest.raises(DecidedAlreadyError):
        yard.decide(gate, "ANN")
    assert yard.decide(gate, "bob").state is State.APPROVED
    assert yard.ends(run) == "Completed"


def test_a_path_needs_those_who_know_it(yard: Yard) -> None:
    inputs = {"operation": "config-update", "changes": [{"file": "infra/limits.json", "path": ["replicas"], "value": 3}]}
    repository = yard.repository()
    run = yard.start(repository, update("scale", inputs=inputs))
    gate = yard.gate(run)
    assert yard.decide(gate).state is State.OPEN
    assert yard.decide(gate, "dora").state is State.APPROVED
    assert yard.ends(run) == "Completed"
    assert git(repository, "show", f"dockyard/gated/{str(run)[:8]}:infra/limits.json") == '{"replicas": 3}'


def test_what_people_write_is_never_a_template(yard: Yard) -> None:
    run = yard.start(yard.repository(), say("ask", approval=CREW), say("tell", "{{ ask.status }} {{ ask.output.text }}"))
    gate = yard.gate(run)
    note = "{{ 7 * 7 }} {% for a in b %} {{ prefect.variables.x }} ${HOME} <script>"
    yard.decide(gate, note=note)
    assert yard.ends(run) == "Completed"
    assert yard.ledger.gate(gate.id).decisions[0].note == note
    told = next(node for node in archive.load(run).nodes if node.node == "tell")
    assert (told.report or {})["text"] == "completed hello"


def test_nothing_is_written_when_the_base_has_moved(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"))
    gate = yard.gate(run)
    (repository / "package.json").write_text(MANIFEST.replace("express", "koa"), encoding="utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "moved")
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    assert "nothing was written" in yard.message(run)
    assert "start a new run" in yard.message(run)
    assert git(repository, "branch", "--list", "dockyard/*") == ""
    assert yard.ledger.gate(gate.id).apply.step is Step.REFUSED


def test_nothing_is_written_over_uncommitted_work(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"))
    gate = yard.gate(run)
    (repository / "package.json").write_text("work in progress", encoding="utf-8")
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    assert "not committed" in yard.message(run)
    assert (repository / "package.json").read_text(encoding="utf-8") == "work in progress"


def test_a_changed_row_of_the_ledger_is_named_and_nothing_is_written(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"), say("ask", approval=CREW))
    gate, other = sorted(yard.gates(run, 2), key=lambda gate: gate.request.agent != "patcher")
    engine = open_store(yard.config)
    with engine.begin() as connection:  # as somebody with the database file and without scruples would
        for (trigger,) in [*connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            connection.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
        row = connection.exec_driver_sql("SELECT seq, body FROM ledger WHERE gate = ? ORDER BY seq", (gate.id,)).one()
        changed = row.body.replace("4.17.21", "4.17.99")
        assert changed != row.body
        connection.exec_driver_sql("UPDATE ledger SET body = ? WHERE seq = ?", (changed, row.seq))
    try:
        with pytest.raises(TamperedError, match=f"row {row.seq} "):
            yard.decide(gate)
        broken = yard.ledger.verify()
        assert broken is not None
        assert broken.seq == row.seq
        # The run looks when the ledger has a new row, and finds what was done; its other gate is as good as before.
        yard.decide(other)
        assert yard.ends(run) == "Failed"
        assert yard.statuses(run) == {"fix": "failed", "ask": "completed"}
        assert f"row {row.seq} " in yard.message(run)
        assert git(repository, "branch", "--list", "dockyard/*") == ""
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE ledger SET body = ? WHERE seq = ?", (row.body, row.seq))


Resume = Callable[[dict[str, Any]], str]


def test_an_answer_in_prefects_page_counts_where_the_policy_lets_it(yard: Yard) -> None:
    run = yard.start(yard.repository(), say("ask", approval=CREW))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")

    def resume(given: dict[str, Any] | None) -> str:
        return str(yard.client.resume_flow_run(run, run_input=given).status.value)

    for wrong in (
        None,
        {},
        {"gate": gate.id},
        {"gate": "another", "answer": "approve"},
        {"gate": gate.id, "answer": "perhaps"},
        {"gate": gate.id, "answer": "approve", "name": "ann"},
    ):
        assert resume(wrong) == "REJECT", wrong
        assert yard.state(run) == "Paused"
    assert yard.ledger.gate(gate.id).decisions == ()
    assert resume({"gate": gate.id, "answer": "approve"}) == "ACCEPT"
    assert yard.ends(run) == "Completed"
    (decision,) = yard.ledger.gate(gate.id).decisions
    assert (decision.actor, decision.door) == ("prefect-ui", Door.PREFECT_UI)


def test_an_answer_in_prefects_page_never_counts_at_high_risk(yard: Yard) -> None:
    repository = yard.repository()
    inputs = {"operation": "config-update", "changes": [{"file": "deploy/x.json", "content": "{}\n"}]}
    run = yard.start(repository, update("deploy", inputs=inputs))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    assert gate.request.risk.value == "high"
    yard.client.resume_flow_run(run, run_input={"gate": gate.id, "answer": "approve"})
    yard.reaches(run, "Running")
    yard.reaches(run, "Paused")
    assert yard.ledger.gate(gate.id).state is State.OPEN
    yard.decide(gate, choice=Choice.REJECT)
    assert yard.ends(run) == "Rejected"


def test_whoever_sets_the_runs_state_in_prefect_decides_nothing(yard: Yard) -> None:
    from prefect.states import Running

    repository = yard.repository()
    run = yard.start(repository, update("fix"))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    yard.client.set_flow_run_state(run, Running(), force=True)
    yard.reaches(run, "Paused")
    assert git(repository, "branch", "--list", "dockyard/*") == ""
    yard.decide(gate, choice=Choice.REJECT)
    assert yard.ends(run) == "Rejected"
