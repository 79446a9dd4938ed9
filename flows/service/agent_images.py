"""Images of other people's agents: which reference is one, what it is pinned to, and the manifest that it carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agents.contract.schema import Frozen
from flows.definition.declared import Declared, read_declared
from flows.errors import InvalidInputError, UnavailableError
from flows.execution.engine import connect
from flows.runtime.image import check_volumes
from flows.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

LABEL = "dockyard.manifest"
"""The label of an image in which the agent's manifest stands as JSON."""
HOME = "docker.io"
"""The registry of a reference that names none."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?)+(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""As the distribution specification writes references: https://github.com/distribution/reference."""
_MAX = 512
_ID = re.compile(r"[0-9a-f]{4,64}")
"""What an engine takes for the beginning of an image's id."""


class Reference(Frozen):
    """An image as people name it. `repository` has the registry before it only where it was named."""

    text: str
    registry: str
    repository: str


class Resolved(Frozen):
    """An image as it is now: `image` is the repository's digest, or the engine's own id where no registry has it."""

    image: str
    manifest: Declared


def parse_reference(text: str) -> Reference:
    """The parts of a reference. Raises InvalidInputError."""
    found = _REFERENCE.fullmatch(text) if len(text) <= _MAX else None
    if found is None:
        raise InvalidInputError(
            f"'{text[:200]}' names no image: write [registry/]name[:tag] or [registry/]name@sha256:…, in small letters"
        )
    host, path = found["host"], found["path"]
    if host is None and (path == "sha256" or _ID.fullmatch(path)):
        raise InvalidInputError(f"'{text[:200]}' may be the id of an image of any registry: write a name")
    if host is not None and "." not in host and ":" not in host and host != "localhost":
        host, path = None, f"{host}/{path}"  # a first part like any other: docker.io/library is not named
    if path != path.lower():
        raise InvalidInputError(f"'{text[:200]}' names no image: its name is written in small letters")
    return Reference(text=text, registry=host or HOME, repository=path if host is None else f"{host}/{path}")


def check_registry(reference: Reference, settings: Settings) -> None:
    """Raises InvalidInputError for an image of a registry that is not allowed."""
    if settings.agent_registries and reference.registry not in settings.agent_registries:
        raise InvalidInputError(
            f"agents come from {', '.join(settings.agent_registries)} alone (DOCKYARD_AGENT_REGISTRIES), "
            f"not from {reference.registry}"
        )


def resolve(text: str, settings: Settings, given: str | None = None) -> Resolved:
    """What that image is now, and its manifest: in its label, or `given` as text; both must say the same.

    Raises InvalidInputError, UnavailableError.
    """
    from docker.errors import DockerException

    reference = parse_reference(text)
    check_registry(reference, settings)
    client = connect(settings)
    try:
        image = _found(client, reference)
        check_volumes(image, text)
        labelled = (image.labels or {}).get(LABEL)
        return Resolved(image=_pinned(image, reference), manifest=_manifest(reference, labelled, given))
    except DockerException as error:
        raise UnavailableError(f"the Docker engine failed while it looked for {text}: {error}") from error
    finally:
        client.close()


def _found(client: DockerClient, reference: Reference) -> Image:
    """The newest that there is: of a registry that was named, else of the engine."""
    from docker.errors import APIError, ImageNotFound

    local: Image | None
    try:
        local = client.images.get(reference.text)
    except ImageNotFound:
        local = None
    if local is not None and not reference.repository.startswith(f"{reference.registry}/"):
        return local
    try:
        return client.images.pull(_with_tag(reference.text))
    except APIError as error:
        if local is not None:  # built here, and never pushed
            return local
        hint = "build or load it on this engine, or log the engine in to its registry"
        raise InvalidInputError(f"there is no image {reference.text} ({error.explanation or error}); {hint}") from error


def _with_tag(text: str) -> str:
    """Without one Docker's client would pull every tag."""
    return text if "@" in text or ":" in text.rpartition("/")[2] else f"{text}:latest"


def _pinned(image: Image, reference: Reference) -> str:
    digests: list[str] = (image.attrs or {}).get("RepoDigests") or []
    own = next((digest for digest in digests if digest.partition("@")[0] == reference.repository), None)
    return own or image.id or ""


def _manifest(reference: Reference, labelled: str | None, given: str | None) -> Declared:
    if labelled is None and given is None:
        raise InvalidInputError(
            f"the image {reference.text} has no manifest: give it the label {LABEL} with the manifest as JSON, "
            "or give the manifest beside it (--manifest)"
        )
    inside = None if labelled is None else read_declared(labelled)
    beside = None if given is None else read_declared(given)
    if inside is not None and beside is not None and inside != beside:
        fields = [name for name in Declared.model_fields if getattr(inside, name) != getattr(beside, name)]
        raise InvalidInputError(
            f"the manifest that is given is not the one in the image {reference.text}: they differ in {', '.join(fields)}"
        )
    found = inside or beside
    assert found is not None  # noqa: S101 — one of them is there
    return found
