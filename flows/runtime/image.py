"""The name of the agent image that belongs to this source tree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.errors import InvalidInputError
from flows.settings import ROOT

if TYPE_CHECKING:
    from docker.models.images import Image

REPOSITORY = "dockyard-agent"
_IMAGES = Path("deployments", "images")
_FILES = (_IMAGES / "agent.Dockerfile", _IMAGES / "engines.txt", _IMAGES / "semgrep.txt")


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Every file that goes into the image, in a fixed order."""
    for path in sorted((root / "agents").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
    for file in _FILES:
        yield root / file


@cache
def agent_image() -> str:
    """`dockyard-agent:<hash of what goes into it>`: a changed agent can never run from an old image."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{REPOSITORY}:{digest.hexdigest()[:16]}"


def check_volumes(image: Image, name: str) -> None:
    """Raises InvalidInputError for an image that declares volumes: each would be disk of the host without any limit."""
    volumes = sorted(((image.attrs or {}).get("Config") or {}).get("Volumes") or ())
    if volumes:
        raise InvalidInputError(f"the image {name} declares the volume {volumes[0]}; build it without VOLUME")
