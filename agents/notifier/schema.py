"""What the notifier takes and gives."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from agents.contract.manifest import Limits, Manifest
from agents.contract.schema import Params, Report, Severity

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Channel(StrEnum):
    """Where a message goes."""

    CONSOLE = "console"
    SLACK = "slack"
    DISCORD = "discord"
    WEBHOOK = "webhook"


class NotifierParams(Params):
    """A message and where it goes.

    `url` is the webhook's address, needed for every channel but the console: https, or http to this
    machine alone.
    """

    channel: Channel = Channel.CONSOLE
    message: Annotated[str, Field(min_length=1)]
    title: str | None = None
    severity: Severity | None = None
    url: Annotated[str | None, Field(repr=False)] = None

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.channel is Channel.CONSOLE:
            return self
        if not self.url:
            raise ValueError(f"the {self.channel.value} channel needs `url`, the webhook's address")
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("`url` starts with https:// (http:// is for this machine alone)")
        return self


class NotifierReport(Report):
    """`text` is the message as people see it; `requests` counts what was sent, 0 for the console."""

    channel: Channel
    delivered: bool
    text: str
    status_code: int | None = None
    requests: int = 0


MANIFEST = Manifest(
    name="notifier",
    version="0.1.0",
    description="Tells people what a run found: console, Slack, Discord or a webhook.",
    params=NotifierParams,
    report=NotifierReport,
    limits=Limits(memory_mb=256, cpus=1.0, pids=64, tmp_mb=16, result_mb=16, timeout_seconds=120.0),
)
