"""The same deployments by both ways to deploy, and on pools of types that are not ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.service.images import FALLBACK_BASE, buildkit_docker
from flows.settings import ROOT, Settings
from tests.conftest import missing
from tests.integration.conftest import PREFECT, Workers

if TYPE_CHECKING:
    from docker import DockerClient
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

pytestmark = pytest.mark.prefect

DOCKYARD = str(Path(sys.executable).with_name("dockyard"))
SOCKET = Path("/var/run/docker.sock")
WORKFLOWS = sorted(path.stem for path in Settings().workflows_dir.glob("*.yaml"))


def command(arguments: list[str], **environment: str) -> str:
    """Run a command to its end and return its stdout; its output goes into the failure."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def deployed(client: SyncPrefectClient) -> dict[str, DeploymentResponse]:
    """The server's deployments of shipped workflows, by name."""
    return {name: client.read_deployment_by_name(f"dockyard/{name}") for name in WORKFLOWS}


def test_prefect_deploy_makes_what_dockyard_deploy_makes(prefect_client: SyncPrefectClient) -> None:
    command([DOCKYARD, "deploy"])
    ours = deployed(prefect_client)
    for deployment in ours.values():
        prefect_client.delete_deployment(deployment.id)
    command([PREFECT, "--no-prompt", "deploy", "--all"])
    theirs = deployed(prefect_client)
    for name in WORKFLOWS:
        for field in ("entrypoint", "parameters", "description", "tags", "work_pool_name", "pull_steps"):
            assert getattr(theirs[name], field) == getattr(ours[name], field), (name, field)
        assert theirs[name].parameter_openapi_schema["properties"].keys() == (
            ours[name].parameter_openapi_schema["properties"].keys()
        )


@pytest.fixture
def on_pool(prefect_client: SyncPrefectClient) -> Iterator[Callable[[str, str], None]]:
    """Makes a pool of a type and moves `health-check` there, as one does in the Prefect UI; moves it back after."""
    from prefect.client.schemas.actions import DeploymentUpdate

    command([DOCKYARD, "deploy"])
    deployment = prefect_client.read_deployment_by_name("dockyard/health-check")

    def move(pool: str, kind: str) -> None:
        command([PREFECT, "work-pool", "create", pool, "--type", kind])
        prefect_client.update_deployment(deployment.id, DeploymentUpdate(work_pool_name=pool))

    yield move
    prefect_client.update_deployment(deployment.id, DeploymentUpdate(work_pool_name=deployment.work_pool_name))


def finished(run: str, **environment: str) -> dict[str, str]:
    """Node → status in the report of the run of that name."""
    report = json.loads(command([DOCKYARD, "report", run, "--format", "json"], **environment))
    return {node["node"]: f"{node['status']} in {node['runtime']}" for node in report["nodes"]}


ALL_IN_DOCKER = dict.fromkeys(("compliance", "review", "security", "notify"), "completed in docker")


@pytest.mark.engine
def test_runs_on_a_process_pool(
    workers: Workers,
    on_pool: Callable[[str, str], None],
    agent_image: str,
    real_repository: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    on_pool("plain", "process")
    with workers.start("plain", "process-worker", DOCKYARD_STATE_DIR=str(tmp_path)):
        start = [PREFECT, "deployment", "run", "dockyard/health-check", "--flow-run-name", "on-process", "--watch"]
        command([*start, "--param", f"repository={real_repository('express')}", "--param", "runtime=docker"])
    assert finished("on-process") == ALL_IN_DOCKER


@pytest.fixture(scope="session")
def hub_image(engine: DockerClient) -> str:
    """The hub in an image, as the how-to builds it."""
    base = Settings().base_image
    if not any(base in image.tags for image in engine.images.list()):
        base = FALLBACK_BASE
    name = "dockyard-hub:test"
    arguments = [buildkit_docker(), "build", "--file", "deployments/images/hub.Dockerfile", "--tag", name]
    arguments += ["--build-arg", f"BASE_IMAGE={base}"]
    bundle = os.environ.get("PIP_CERT")
    arguments += ["--secret", f"id=ca,src={bundle}"] if bundle else []
    command([*arguments, "."], DOCKER_BUILDKIT="1")
    return name


@pytest.mark.engine
def test_runs_on_a_docker_pool(  # noqa: PLR0917 — each is a part
    workers: Workers,
    on_pool: Callable[[str, str], None],
    hub_image: str,
    agent_image: str,
    real_repository: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    if not SOCKET.is_socket():
        missing(f"the engine's socket at {SOCKET}")
    on_pool("boxes", "docker")
    repository = real_repository("express")
    storage = tmp_path / "storage"
    storage.mkdir()
    storage.chmod(0o777)  # the container's user is another
    for folder in (tmp_path, *tmp_path.parents[:3], *repository.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    job: dict[str, object] = {
        "image": hub_image,
        "image_pull_policy": "Never",
        "auto_remove": True,
        "network_mode": "host",
        "volumes": [f"{SOCKET}:{SOCKET}", f"{repository}:{repository}:ro", f"{storage}:/storage"],
        "env": {"PREFECT_LOCAL_STORAGE_PATH": "/storage", "PREFECT_API_URL": os.environ["PREFECT_API_URL"]},
        "container_create_kwargs": {"group_add": [str(SOCKET.stat().st_gid)]},
    }
    variables = [text for name, value in job.items() for text in ("--job-variable", f"{name}={json.dumps(value)}")]
    with workers.start("boxes", "docker-worker") as worker:
        start = [PREFECT, "deployment", "run", "dockyard/health-check", "--flow-run-name", "on-docker", "--watch"]
        command([*start, *variables, "--param", f"repository={repository}", "--param", "runtime=docker"])
    assert finished("on-docker", PREFECT_LOCAL_STORAGE_PATH=str(storage)) == ALL_IN_DOCKER
    assert "Traceback" not in worker.log.read_text(errors="replace")
