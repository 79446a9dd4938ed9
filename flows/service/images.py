"""Building the agent image that belongs to this source tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from flows.errors import UnavailableError
from flows.execution.engine import connect
from flows.runtime.image import agent_image
from flows.settings import ROOT, Settings

LABEL = "dockyard.agent-image"
"""On every image that `build_image` makes."""

FALLBACK_BASE = "dockyard-base:trixie"
PULL_TIMEOUT = 120
_PACKAGES = "python3,python3-venv,ca-certificates,git"


def build_image(settings: Settings, say: Callable[[str], None]) -> str:
    """Build the image when the engine doesn't hold it yet, and return its name. Raises UnavailableError."""
    from docker.errors import ImageNotFound

    client = connect(settings)
    name = agent_image()
    try:
        client.images.get(name)
    except ImageNotFound:
        docker = buildkit_docker()
        base = _base(docker, settings, say)
        say(f"Building {name} from {base} (about two minutes; later builds reuse layers) …")
        _build(docker, name, base, settings)
    return name


def prune_images(settings: Settings, *, label: str = LABEL) -> tuple[list[str], list[str]]:
    """Remove agent images but the present one; returns what was removed and what a container still uses.

    Images of other versions and checkouts on the same engine are among them. Raises UnavailableError.
    """
    from docker.errors import APIError, DockerException, ImageNotFound

    client = connect(settings)
    present = {agent_image(), settings.agent_image}
    removed: list[str] = []
    in_use: list[str] = []
    try:
        for image in client.images.list(filters={"label": label}):
            if present.intersection(image.tags):
                continue
            for name in image.tags or [str(image.id)]:
                try:
                    client.images.remove(name)
                except ImageNotFound:  # somebody else was faster
                    continue
                except APIError as error:
                    if error.status_code != HTTPStatus.CONFLICT:
                        raise
                    in_use.append(name)
                else:
                    removed.append(name)
    except DockerException as error:
        raise UnavailableError(f"the Docker engine failed: {error}") from error
    return removed, in_use


def engine_answers(settings: Settings) -> bool:
    """Whether there is an engine to build for."""
    try:
        connect(settings)
    except UnavailableError:
        return False
    return True


def _build(docker: str, name: str, base: str, settings: Settings) -> None:
    context = ROOT
    command = [docker, "build", "--file", str(context / "deployments/images/agent.Dockerfile")]
    command += ["--build-arg", f"BASE_IMAGE={base}", "--label", f"{LABEL}=1", "--tag", name]
    bundle = settings.ca_bundle or _environment_bundle()
    if bundle is not None:
        command += ["--secret", f"id=ca,src={bundle}"]
    _run([*command, str(context)], settings, "the agent image could not be built", timeout=3600)


def _environment_bundle() -> Path | None:
    """A certificate bundle that this machine's own pip is told to use: the build needs the same."""
    for variable in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        value = os.environ.get(variable)
        if value and Path(value).is_file():
            return Path(value)
    return None


def _base(docker: str, settings: Settings, say: Callable[[str], None]) -> str:
    """The configured image to build on, else a debootstrap of Debian trixie where no registry answers."""
    wanted = settings.base_image
    if _has(docker, wanted, settings) or _pull(docker, wanted, settings, say):
        return wanted
    if not _has(docker, FALLBACK_BASE, settings):
        _bootstrap(docker, settings, say)
    return FALLBACK_BASE


def _has(docker: str, image: str, settings: Settings) -> bool:
    return _call([docker, "image", "inspect", image], settings, timeout=60).returncode == 0


def _pull(docker: str, image: str, settings: Settings, say: Callable[[str], None]) -> bool:
    say(f"Pulling {image} …")
    try:
        return _call([docker, "pull", "--quiet", image], settings, timeout=PULL_TIMEOUT).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _bootstrap(docker: str, settings: Settings, say: Callable[[str], None]) -> None:
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise UnavailableError(
            f"{settings.base_image} cannot be pulled, and a base of our own needs root and debootstrap "
            "(apt-get install debootstrap); or set DOCKYARD_BASE_IMAGE to an image of yours with Python 3.13"
        )
    say("No registry answers: making a base image of Debian trixie with debootstrap (about a minute) …")
    with tempfile.TemporaryDirectory(prefix="dockyard-base-") as scratch:
        tree, tar = Path(scratch) / "root", Path(scratch) / "root.tar"
        arguments = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "trixie", str(tree)]
        _run(arguments, settings, "debootstrap failed", timeout=1800)
        _run(
            ["tar", "-C", str(tree), "-cf", str(tar), "."],
            settings,
            "the base could not be packed",
            timeout=600,
        )
        _run(
            [docker, "import", str(tar), FALLBACK_BASE],
            settings,
            "the base could not be imported",
            timeout=600,
        )


def buildkit_docker() -> str:
    """A docker command with BuildKit: newer ones need the buildx plugin, older ones bring it."""
    seen: list[str] = []
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which("docker", path=folder)
        if found is None or found in seen:
            continue
        seen.append(found)
        help_text = subprocess.run(
            [found, "build", "--help"],
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if help_text.returncode == 0 and "--secret" in help_text.stdout:
            return found
    raise UnavailableError("building the agent image needs the docker command with BuildKit (docker-buildx)")


def _run(command: list[str], settings: Settings, failure: str, *, timeout: float) -> None:
    try:
        done = _call(command, settings, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{failure}: it did not finish within {timeout:.0f} s") from error
    if done.returncode:
        raise UnavailableError(f"{failure}:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _call(command: list[str], settings: Settings, *, timeout: float) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
    if settings.docker_host:
        env["DOCKER_HOST"] = settings.docker_host
    return subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
