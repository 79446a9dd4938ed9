"""What was approved is changed behind people's backs before it is written: nothing is written, and the run says what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from docker import DockerClient
from prefect.results import ResultRecord

from flows.approvals import Step
from flows.reports import archive
from flows.reports.schema import NodeReport
from tests.flows.workspace.conftest import git
from tests.integration.yard import CREW, MANIFEST, SUSPENDED, Yard, branches, say, update, written

pytestmark = pytest.mark.prefect

Report = dict[str, Any]


def stored(run: UUID, key: str) -> Path:
    """Where Prefect keeps the result of a run's step."""
    return Path(os.environ["PREFECT_HOME"]) / "storage" / str(run) / key


def forge(path: Path, change: Callable[[Report], Report]) -> None:
    """Change the report in a stored result, which is as good as new afterwards."""
    record: ResultRecord[NodeReport] = ResultRecord.deserialize(path.read_bytes())
    report = record.result.report
    assert report is not None
    forged = change(report)
    assert forged != report
    record.result = record.result.model_copy(update={"report": forged})
    path.write_bytes(record.serialize())


def other_diff(report: Report) -> Report:
    patch = report["patch"]
    return {**report, "patch": {**patch, "diff": patch["diff"].replace("4.17.21", "4.17.99")}}


def other_words(report: Report) -> Report:
    return {**report, "explanation": "Only a comment changes."}


def no_patch(report: Report) -> Report:
    return {**report, "changed": False, "patch": None}


@pytest.mark.parametrize(("change", "which"), [(other_diff, "diff"), (other_words, "plan")], ids=["diff", "words"])
def test_a_plan_that_was_changed_in_storage_is_not_written(
    yard: Yard, change: Callable[[Report], Report], which: str
) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"), env=SUSPENDED)
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    forge(stored(run, "fix/0/1"), change)
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    message = yard.message(run)
    assert "nothing was written" in message
    assert f"the digests differ; nothing is written: {which}" in message
    assert branches(repository) == set()
    after = yard.ledger.gate(gate.id).apply
    assert (after.step, which in after.reason) == (Step.REFUSED, True)


def test_a_plan_that_was_taken_out_of_storage_asks_nobody_and_writes_nothing(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"), env=SUSPENDED)
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    forge(stored(run, "fix/0/1"), no_patch)
    yard.decide(gate)
    yard.ends(run)
    assert branches(repository) == set()
    assert yard.ledger.gate(gate.id).apply.step is Step.NONE


def test_a_plan_that_cannot_be_read_any_more_is_made_again_and_written_once_where_it_is_the_same(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"), env=SUSPENDED)
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    stored(run, "fix/0/1").unlink()
    yard.decide(gate)
    assert yard.ends(run) == "Completed"
    assert written(repository, gate) == [yard.ledger.gate(gate.id).apply.commit]


def test_a_base_commit_that_was_changed_in_storage_is_not_written_to(yard: Yard) -> None:
    repository = yard.repository()
    older = git(repository, "rev-parse", "HEAD")
    (repository / "package.json").write_text(MANIFEST.replace("4.18.0", "4.18.1"), encoding="utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "newer")
    run = yard.start(repository, update("fix"), env=SUSPENDED)
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    archive.pin_commit(run, older)
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    assert "nothing is written: base commit" in yard.message(run)
    assert branches(repository) == set()


def test_what_an_approved_agent_is_given_is_what_was_shown(yard: Yard) -> None:
    run = yard.start(
        yard.repository(), say("first", "one"), say("ask", "{{ first.output.text }}", approval=CREW), env=SUSPENDED
    )
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    forge(stored(run, "first/0/1"), lambda report: {**report, "text": "another"})
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    assert "what would be done is not what was approved (plan): nothing was done" in yard.message(run)
    assert yard.statuses(run) == {"first": "completed", "ask": "failed"}


@pytest.fixture
def moving_tag(engine: DockerClient, agent_image: str) -> Iterator[str]:
    """A name of the agent image that only this test uses."""
    tag = f"dockyard-moving:{uuid4().hex}"
    repository, _, name = tag.partition(":")
    assert engine.images.get(agent_image).tag(repository, tag=name)
    yield tag
    engine.images.remove(tag)


@pytest.mark.engine
def test_a_plan_of_one_image_is_not_written_by_a_run_that_has_another(
    yard: Yard, engine: DockerClient, agent_image: str, moving_tag: str, tmp_path: Path
) -> None:
    repository = yard.repository()
    env = {**SUSPENDED, "DOCKYARD_AGENT_IMAGE": moving_tag}
    run = yard.start(repository, update("fix"), env=env, runtime="docker")
    gate = yard.gate(run)
    yard.reaches(run, "Suspended")
    assert gate.request.image == engine.images.get(moving_tag).id
    (tmp_path / "Dockerfile").write_text(f"FROM {agent_image}\nLABEL changed=yes\n", encoding="utf-8")
    changed, _ = engine.images.build(path=str(tmp_path), rm=True, tag=moving_tag)
    assert changed.id != gate.request.image
    yard.decide(gate)
    assert yard.ends(run) == "Failed"
    assert "nothing is written: image" in yard.message(run)
    assert branches(repository) == set()
    assert yard.ledger.gate(gate.id).apply.step is Step.REFUSED
