"""Agents in containers, through the Engine API alone: the engine may be on another machine."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

from agents.contract.manifest import Isolation
from flows.errors import (
    DockyardError,
    InvalidInputError,
    NodeFailedError,
    NodeFloodedError,
    NodeTimedOutError,
    UnavailableError,
)
from flows.runtime import sandbox
from flows.runtime.image import check_volumes
from flows.runtime.interface import Execution, Job, Runtime
from flows.runtime.protocol import StderrLines, read_result, refuse_unmet, request_line

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from agents.contract.manifest import Manifest

log = logging.getLogger(__name__)

STDOUT, STDERR = 1, 2
GRACE = 3600.0
"""Seconds that leftovers of a dead run stay before another run removes them."""
DROPPED = re.compile(r"discarded|without swap|not support", re.IGNORECASE)
"""What the engine's warnings say when it makes a container and leaves a limit out."""


class DockerRuntime(Runtime):
    """One run's containers and its workspace volume."""

    name = "docker"

    def __init__(self, client: DockerClient, image: str, run_id: str, max_result_bytes: int) -> None:
        """Pin `image` to its id. Raises UnavailableError when the engine doesn't hold it."""
        from docker.errors import DockerException, ImageNotFound

        self._client = client
        self.run_id = run_id
        self._max_result_bytes = max_result_bytes
        self._volume: str | None = None
        try:
            self.image = client.images.get(image).id or ""
        except ImageNotFound as error:
            raise UnavailableError(f"the agent image {image} is not built; run `make images`") from error
        except DockerException as error:
            raise UnavailableError(f"the Docker engine does not answer: {error}") from error
        self._reap()

    def stage(self, tar: Path) -> None:
        """Fill a volume with the tree. A container that is never started carries it to the engine."""
        volume = f"dockyard-{self.run_id}"
        labels = self._labels("workspace", GRACE * 24)
        self._client.volumes.create(volume, labels=labels)
        self._volume = volume
        carrier = self._client.containers.create(
            self.image,
            volumes={volume: {"bind": sandbox.WORKSPACE, "mode": "rw"}},
            labels=labels,
            network_mode="none",
        )
        try:
            with tar.open("rb") as stream:
                if not carrier.put_archive(sandbox.WORKSPACE, stream):
                    raise UnavailableError("the Docker engine did not take the workspace")
        finally:
            carrier.remove(force=True)

    def run(self, job: Job) -> Execution:
        refuse_unmet(job.manifest)
        self._refuse_without_gvisor(job)
        if self._volume is None:
            raise DockyardError("no workspace is staged")
        from docker.errors import DockerException

        started = time.monotonic()
        try:
            image = self._image_of(job.manifest)
            container = self._create(job, image)
            try:
                output, last_words, exit_code, out_of_memory = self._attend(container, job, started)
            finally:
                with suppress(DockerException):  # already gone: close() or another run's reaper was first
                    container.remove(force=True, v=True)
        except DockerException as error:
            raise UnavailableError(f"the Docker engine failed while {job.run.node} ran: {error}") from error
        result = read_result(job, output, exit_code, last_words, out_of_memory=out_of_memory)
        return Execution(result, image, time.monotonic() - started)

    def close(self) -> None:
        from docker.errors import DockerException

        try:
            mine: dict[str, str | list[str] | bool] = {"label": f"{sandbox.LABEL}.run={self.run_id}"}
            for container in self._client.containers.list(all=True, filters=mine, ignore_removed=True):
                with suppress(DockerException):  # gone meanwhile: its own thread removed it
                    container.remove(force=True, v=True)
            for volume in self._client.volumes.list(filters=mine):
                volume.remove(force=True)
        except DockerException as error:
            log.warning("some containers or volumes of this run are left for the next one to remove: %s", error)
        self._volume = None

    def _image_of(self, manifest: Manifest) -> str:
        """The id of the image that holds the agent; one of others is fetched where the engine has not got it."""
        from docker.errors import ImageNotFound

        if not manifest.foreign:
            return self.image
        try:
            found = self._client.images.get(manifest.image)
        except ImageNotFound:
            if "@" not in manifest.image:  # an id, which no registry knows
                message = f"the Docker engine has not got the image {manifest.image} of {manifest.name}; load it there"
                raise UnavailableError(message) from None
            found = self._client.images.pull(manifest.image)
        try:
            check_volumes(found, manifest.image)
        except InvalidInputError as error:
            raise NodeFailedError(f"{manifest.name}: {error}") from error
        return found.id or ""

    def _create(self, job: Job, image: str) -> Container:
        assert self._volume is not None  # noqa: S101 — run() refuses before a workspace is staged
        manifest = job.manifest
        workspace: dict[str, Mapping[str, str]] = {self._volume: {"bind": sandbox.WORKSPACE, "mode": "ro,nocopy"}}
        host = sandbox.host_config(self._client, manifest.limits, manifest.isolation, workspace)
        made = self._client.api.create_container(
            image,
            None if manifest.foreign else [manifest.module],
            user=sandbox.USER,
            stdin_open=True,
            # Said twice, here and in the host configuration: as the SDK itself does.
            volumes=[sandbox.WORKSPACE],
            labels=self._labels(job.run.node, job.timeout + GRACE),
            host_config=host,
        )
        container = self._client.containers.get(made["Id"])
        dropped = [text for text in made.get("Warnings") or () if DROPPED.search(text)]
        dropped += sandbox.ignored(host, container.attrs["HostConfig"])
        if dropped:
            container.remove(force=True, v=True)
            raise UnavailableError(
                f"the Docker engine does not hold these limits of the sandbox: {'; '.join(dropped)}. "
                "See docs/reference/sandbox.md#checks"
            )
        return container

    def _refuse_without_gvisor(self, job: Job) -> None:
        from docker.errors import DockerException

        if job.manifest.isolation is not Isolation.GVISOR:
            return
        try:
            runtimes = self._client.info().get("Runtimes") or {}
        except DockerException as error:
            raise UnavailableError(f"the Docker engine does not answer: {error}") from error
        if sandbox.GVISOR not in runtimes:
            raise NodeFailedError(
                f"{job.manifest.name} requires isolation by gVisor, and the Docker engine has no runtime "
                f"'{sandbox.GVISOR}' (it has {', '.join(sorted(runtimes))}); see docs/reference/sandbox.md#gvisor"
            )

    def _attend(self, container: Container, job: Job, started: float) -> tuple[bytes, str, int, bool]:
        """Start it, hand over the request, read to the end. The clock is ours and kills through the API."""
        output, lines = bytearray(), StderrLines(job.log)
        socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        ended: list[str] = []

        def end(reason: str) -> None:
            from docker.errors import DockerException

            if reason not in ended:
                ended.append(reason)
            with suppress(DockerException):  # it ended by itself in the same moment
                container.kill()

        clock = threading.Timer(max(0.0, started + job.timeout - time.monotonic()), end, ["timeout"])
        clock.daemon = True
        clock.start()
        try:
            container.start()
            _send(socket, request_line(job, sandbox.WORKSPACE))
            cap = min(self._max_result_bytes, job.manifest.limits.result_mb * 1024 * 1024)
            for stream, chunk in _frames(socket):
                if stream == STDERR:
                    lines.add(chunk)
                elif ended:
                    continue
                elif len(output) + len(chunk) > cap:
                    ended.append("flood")
                    # Not from this thread: the engine's kill waits until the stream is read to its end, here.
                    killer = threading.Thread(target=end, args=["flood"], daemon=True)
                    killer.start()
                else:
                    output += chunk
            lines.flush()
            exit_code = int(container.wait()["StatusCode"])
        finally:
            clock.cancel()
            _hang_up(socket)
        if "timeout" in ended:
            raise NodeTimedOutError(f"{job.manifest.name} did not finish within {job.timeout:g} s and was ended")
        if "flood" in ended:
            raise NodeFloodedError(f"{job.manifest.name} printed more than {cap // 1024 // 1024} MiB and was ended")
        container.reload()
        return bytes(output), lines.last, exit_code, bool(container.attrs["State"].get("OOMKilled"))

    def _labels(self, node: str, lifetime: float) -> dict[str, str]:
        return {
            f"{sandbox.LABEL}.run": self.run_id,
            f"{sandbox.LABEL}.node": node,
            f"{sandbox.LABEL}.expires": str(int(time.time() + lifetime)),
        }

    def _reap(self) -> None:
        """Remove what dead runs left behind: everything of ours whose time is over."""
        from docker.errors import DockerException

        label = f"{sandbox.LABEL}.expires"
        now = time.time()
        containers = self._client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        volumes = self._client.volumes.list(filters={"label": label})
        for container in containers:
            if _expired(container.labels.get(label), now):
                with suppress(DockerException):  # another run reaps at the same time
                    container.remove(force=True, v=True)
        for volume in volumes:
            if _expired((volume.attrs.get("Labels") or {}).get(label), now):
                with suppress(DockerException):  # in use, or another run reaps at the same time
                    volume.remove()


def _expired(value: str | None, now: float) -> bool:
    return value is not None and value.isdigit() and int(value) < now


def _send(socket: Any, data: bytes) -> None:
    # The SDK hands out a SocketIO over unix and TCP; the writable end is the socket below it.
    getattr(socket, "_sock", socket).sendall(data)


def _hang_up(socket: Any) -> None:
    """End the stream on the wire: closing the SDK's wrapper alone leaves it open, and the engine waiting for a reader."""
    with suppress(OSError):  # the engine hung up first
        getattr(socket, "_sock", socket).shutdown(SHUT_RDWR)
    # The response that the socket was taken from owns it: closed from beneath, newer Pythons complain at its end.
    getattr(socket, "_response", socket).close()


def _frames(socket: Any) -> Any:
    from docker.utils.socket import frames_iter

    return frames_iter(socket, tty=False)  # type: ignore[no-untyped-call]  # untyped in the stubs
