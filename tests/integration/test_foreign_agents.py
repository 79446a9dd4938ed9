"""An agent of others, as the how-to builds it: a shell script in an image, registered, checked, run in a container."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient

from flows.definition.problems import DefinitionError
from flows.errors import ConflictError, InvalidInputError, UnknownError
from flows.reports import archive
from flows.reports.schema import NodeReport
from flows.service import StartRequest, check_request, lint_files
from flows.service.agent_images import LABEL
from flows.service.registry import Registry
from flows.settings import ROOT, Settings
from tests.flows.workspace.conftest import git
from tests.integration.yard import Yard

pytestmark = [pytest.mark.engine, pytest.mark.prefect]

PAGE = (ROOT / "docs" / "how-to" / "add-an-agent-in-any-language.md").read_text(encoding="utf-8")
COUNT = "name: count\nnodes: [{id: counter, agent: file-counter, inputs: {suffix: .py}}]\n"

Build = Callable[..., str]


def block(title: str) -> str:
    """The file of that name, as the page shows it."""
    found = re.search(rf"^`{re.escape(title)}`[^\n]*:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


@pytest.fixture
def build(engine: DockerClient, agent_image: str, tmp_path: Path) -> Iterator[Build]:
    """Builds the page's image under a name of the test's own, on the base that this machine has."""
    made = []

    def image(manifest: str | None = block("manifest.json"), script: str = block("agent.sh"), more: str = "") -> str:
        context = tmp_path / uuid4().hex
        context.mkdir()
        (context / "agent.sh").write_text(script, encoding="utf-8")
        recipe = re.sub(r"^FROM .*$", f"FROM {agent_image}", block("Dockerfile"), flags=re.MULTILINE)
        (context / "Dockerfile").write_text(recipe + more, encoding="utf-8")
        name = f"dockyard-test-agent:{uuid4().hex}"
        labels = {} if manifest is None else {LABEL: manifest}
        engine.images.build(path=str(context), rm=True, tag=name, labels=labels)
        made.append(name)
        return name

    yield image
    for name in made:
        engine.images.remove(name, force=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


def test_it_is_registered_run_and_pinned(yard: Yard, engine: DockerClient, build: Build) -> None:
    registry = Registry(yard.config, "default")
    image = build()
    known = registry.register(image, "ann")
    try:
        assert known.registration is not None
        assert known.registration.image == engine.images.get(image).id
        repository = yard.repository()
        (repository / "a.py").write_text("x = 1\n", encoding="utf-8")
        (repository / "empty.py").touch()
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--message", "python")
        said = {"id": "said", "agent": "notifier", "inputs": {"message": "{{ counter.output.count }} files"}}
        run = yard.start(
            repository, {"id": "counter", "agent": "file-counter", "inputs": {"suffix": ".py"}}, said, runtime="docker"
        )
        assert yard.ends(run) == "Completed", yard.message(run)
        report = archive.load(run)
        counted, told = report.nodes
        assert (counted.image, counted.runtime, counted.version) == (known.registration.image, "docker", "1.0.0")
        assert counted.report is not None
        assert (counted.report["count"], counted.report["summary"]) == (2, _one_info())
        (found,) = counted.part("findings")
        assert (found["rule"], found["file"], len(str(found["fingerprint"]))) == ("files/empty", "empty.py", 32)
        assert told.report is not None
        assert told.report["text"] == "2 files"
        began = archive.pinned(run)
        assert began is not None
        assert began.agents["file-counter"].image == known.registration.image
    finally:
        registry.remove("file-counter", "ann")


def _one_info() -> dict[str, int]:
    return {"critical": 0, "error": 0, "warning": 0, "info": 1, "total": 1}


def test_the_local_runtime_does_not_run_it(yard: Yard, build: Build) -> None:
    registry = Registry(yard.config, "default")
    registry.register(build(), "ann")
    try:
        run = yard.start(yard.repository(), {"id": "counter", "agent": "file-counter", "inputs": {"suffix": ".py"}})
        assert yard.ends(run) == "Failed"
        assert "file-counter" in yard.message(run)
        (node,) = archive.load(run).nodes
        assert isinstance(node, NodeReport)
        assert "docker runtime" in (node.reason or "")
    finally:
        registry.remove("file-counter", "ann")


def test_another_workspace_does_not_know_it(settings: Settings, build: Build) -> None:
    with pytest.raises(InvalidInputError, match="DOCKYARD_AGENT_REGISTRIES"):
        Registry(settings, "blue").register("x", "ann")
    settings = settings.model_copy(update={"agent_registries": ("docker.io",)})
    Registry(settings, "blue").register(build(), "ann")
    assert "file-counter" in [one.manifest.name for one in Registry(settings, "blue").list()]
    assert lint_files(["-"], settings, stdin=COUNT, workspace="blue").problems == ()
    assert "file-counter" not in [one.manifest.name for one in Registry(settings, "default").list()]
    with pytest.raises(UnknownError, match="no agent 'file-counter'"):
        Registry(settings, "default").get("file-counter")
    (problem,) = lint_files(["-"], settings, stdin=COUNT).problems
    assert "there is no agent 'file-counter'" in problem.message
    with pytest.raises(DefinitionError, match="no agent"):
        check_request(StartRequest(text=COUNT, repository=str(ROOT)), settings)


def test_versions_follow_each_other_and_the_same_again_is_none(settings: Settings, build: Build) -> None:
    registry, first = Registry(settings, "default"), build()
    assert registry.register(first, "ann").registration is not None
    with pytest.raises(ConflictError, match="there is an agent 'file-counter' already"):
        registry.register(first, "bob")
    for image, author, version in ((first, "bob", 1), (build(script="#!/bin/sh\n"), "bob", 2)):
        found = registry.update("file-counter", image, author).registration
        assert found is not None
        assert (found.version, found.author) == (version, "ann" if version == 1 else "bob")
    registry.remove("file-counter", "cid")
    with pytest.raises(UnknownError):
        registry.update("file-counter", first, "ann")
    again = registry.register(first, "ann").registration
    assert again is not None
    assert again.version == 4


def test_a_manifest_beside_the_image_counts_where_it_says_the_same(settings: Settings, build: Build) -> None:
    registry, manifest = Registry(settings, "default"), block("manifest.json")
    with pytest.raises(InvalidInputError, match=f"no manifest: give it the label {LABEL}"):
        registry.register(build(manifest=None), "ann")
    other = json.dumps({**json.loads(manifest), "report": {}, "risk": "APPROVAL_REQUIRED"})
    with pytest.raises(InvalidInputError, match="differ in risk, report"):
        registry.register(build(), "ann", other)
    assert registry.register(build(manifest=None), "ann", manifest).manifest.name == "file-counter"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"name": "patcher"}, "agent of the hub itself"), ({"params": {"$ref": "#"}}, "manifest cannot be used")],
)
def test_what_cannot_be_an_agent_is_refused(
    settings: Settings, build: Build, changes: dict[str, object], reason: str
) -> None:
    manifest = json.dumps({**json.loads(block("manifest.json")), **changes})
    with pytest.raises(InvalidInputError, match=reason):
        Registry(settings, "default").register(build(manifest=manifest), "ann")
    assert all(one.registration is None for one in Registry(settings, "default").list())


def test_an_image_with_a_volume_is_refused(settings: Settings, build: Build) -> None:
    with pytest.raises(InvalidInputError, match="declares the volume /var/tmp"):
        Registry(settings, "default").register(build(more="VOLUME /var/tmp\n"), "ann")


def test_an_image_that_is_nowhere_is_told_as_such(settings: Settings, engine: DockerClient) -> None:
    assert engine.ping()
    with pytest.raises(InvalidInputError, match="there is no image localhost:1/nothing"):
        Registry(settings, "default").register("localhost:1/nothing:1", "ann")
