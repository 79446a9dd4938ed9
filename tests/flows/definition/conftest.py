"""Small agents' manifests, so that the language is tested whatever agents are shipped."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import JsonValue, model_validator

from agents.contract.manifest import Manifest, Risk
from agents.contract.schema import Params, Report
from flows.definition.library import Folder

DATA = Path(__file__).parents[2] / "data" / "workflows"


class ScanParams(Params):
    """Every param has a default."""

    scope: str = "all"
    limit: int = 10
    exclude: tuple[str, ...] = ()


class Scan(Report):
    """A report whose fields are named like methods of a dict."""

    name: str = "scan"
    items: tuple[str, ...] = ()
    values: dict[str, int] = {}  # noqa: RUF012 — pydantic copies defaults
    keys: str = ""
    count: int = 0


class Channel(StrEnum):
    """Where a message goes."""

    CONSOLE = "console"
    WEBHOOK = "webhook"


class TellParams(Params):
    """`message` must be given; `url` only for the webhook."""

    message: str
    channel: Channel = Channel.CONSOLE
    url: str | None = None
    data: dict[str, JsonValue] = {}  # noqa: RUF012 — pydantic copies defaults

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.channel is Channel.WEBHOOK and not self.url:
            raise ValueError("the webhook channel needs `url`")
        return self


MANIFESTS = {
    manifest.name: manifest
    for manifest in (
        Manifest(name="scanner", version="1", description="Scans.", params=ScanParams, report=Scan),
        Manifest(name="teller", version="1", description="Tells.", params=TellParams, report=Report),
        Manifest(name="fixer", version="1", description="Fixes.", params=Params, report=Report, risk=Risk.APPROVAL_REQUIRED),
        Manifest(
            name="publisher", version="1", description="Out.", params=Params, report=Report, secrets=("RELEASE_TOKEN",)
        ),
    )
}

LIBRARY = Folder(DATA / "library")
"""The workflows that others may run."""
