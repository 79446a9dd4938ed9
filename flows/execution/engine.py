"""Opening the runtime of a run with the engine that settings or Prefect name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.errors import UnavailableError
from flows.runtime import Runtime
from flows.runtime.choose import open_runtime
from flows.runtime.image import agent_image
from flows.settings import RuntimeName, Settings

if TYPE_CHECKING:
    from docker import DockerClient


def connect(settings: Settings, *, saved: bool = False) -> DockerClient:
    """A client of the Docker engine; with `saved`, a DockerHost block kept in Prefect comes first.

    Raises UnavailableError when no engine answers.
    """
    from docker.errors import DockerException

    from blocks import docker_host

    block = docker_host.saved_docker_host() if saved and settings.docker_host is None else None
    try:
        return docker_host.client(block or docker_host.docker_host(settings.docker_host))
    except (DockerException, OSError) as error:
        message = f"no Docker engine answers ({error}); start one, or use --runtime local"
        raise UnavailableError(message) from error


def check_image(name: RuntimeName, settings: Settings, *, saved: bool = False) -> None:
    """Raises UnavailableError when that runtime would use an engine that lacks the agent image, or has no engine."""
    from docker.errors import DockerException, ImageNotFound

    if name is RuntimeName.LOCAL:
        return
    try:
        client = connect(settings, saved=saved)
    except UnavailableError:
        if name is RuntimeName.DOCKER:
            raise
        return
    image = settings.agent_image or agent_image()
    try:
        client.images.get(image)
    except ImageNotFound:
        message = f"the agent image {image} is not built; run `dockyard images` (`make images`), or use --runtime local"
        raise UnavailableError(message) from None
    except DockerException as error:
        raise UnavailableError(f"the Docker engine does not answer: {error}") from error
    finally:
        client.close()


def runtime_for(name: RuntimeName, run_id: str, settings: Settings, *, saved: bool = False) -> Runtime:
    """The runtime for one run. Raises UnavailableError."""
    return open_runtime(
        name,
        connect=lambda: connect(settings, saved=saved),
        image=settings.agent_image or agent_image(),
        run_id=run_id,
        state_dir=settings.state_dir,
        max_result_bytes=settings.max_result_mb * 1024 * 1024,
    )
