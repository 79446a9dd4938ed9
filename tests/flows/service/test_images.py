"""Removing agent images on a real engine; only images of the test's own label are touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from flows.errors import UnavailableError
from flows.execution.engine import check_image
from flows.service.images import prune_images
from flows.settings import RuntimeName, Settings

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.engine


@pytest.fixture
def label(engine: DockerClient) -> Iterator[str]:
    """A label that only this test's images carry; they are gone afterwards."""
    name = f"dockyard.test-{uuid4().hex}"
    yield name
    for container in engine.containers.list(all=True, filters={"label": name}):
        container.remove(force=True)
    for image in engine.images.list(filters={"label": name}):
        engine.images.remove(str(image.id), force=True)


def make(engine: DockerClient, label: str, tag: str) -> str:
    """An empty image of that label; `tag` is part of it, so that each is an image of its own."""
    name = f"dockyard-test:{tag}-{label.rpartition('-')[2]}"
    recipe = f'FROM scratch\nLABEL {label}={tag}\nCMD ["/nothing"]\n'
    engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=name)
    return name


def tags(engine: DockerClient, label: str) -> set[str]:
    """What there is of that label."""
    return {tag for image in engine.images.list(filters={"label": label}) for tag in image.tags}


def test_other_images_go_and_the_present_one_stays(engine: DockerClient, label: str) -> None:
    old, present, used = (make(engine, label, tag) for tag in ("old", "present", "used"))
    unlabelled = f"dockyard-test:unlabelled-{uuid4().hex}"
    engine.images.build(
        fileobj=io.BytesIO(b'FROM scratch\nCMD ["/nothing"]\nLABEL x=' + uuid4().hex.encode()), tag=unlabelled
    )
    engine.images.get(old).tag("dockyard-test", f"again-{label.rpartition('-')[2]}")
    engine.containers.create(used, labels=[label])
    try:
        removed, in_use = prune_images(Settings(agent_image=present), label=label)
        assert set(removed) == {old, old.replace("old-", "again-")}
        assert in_use == [used]
        assert tags(engine, label) == {present, used}
        assert engine.images.get(unlabelled)
    finally:
        engine.images.remove(unlabelled, force=True)


@pytest.mark.parametrize("runtime", [RuntimeName.AUTO, RuntimeName.DOCKER])
def test_an_image_that_is_not_built_is_told_with_the_way_out(engine: DockerClient, runtime: RuntimeName) -> None:
    with pytest.raises(UnavailableError, match=r"dockyard-test:none is not built; run `dockyard images`"):
        check_image(runtime, Settings(agent_image="dockyard-test:none"))


def test_an_image_that_is_built_is_fine(engine: DockerClient, label: str) -> None:
    check_image(RuntimeName.AUTO, Settings(agent_image=make(engine, label, "built")))


def test_the_local_runtime_needs_no_image(engine: DockerClient) -> None:
    check_image(RuntimeName.LOCAL, Settings(agent_image="dockyard-test:none"))
