"""The seam every channel implements, and the one place where a request is sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue

from agents.contract.errors import AgentError
from agents.contract.schema import RunInfo, Severity

TIMEOUT_SECONDS = 20.0


class DeliveryError(AgentError):
    """The message did not arrive. The webhook's path is a secret and stays out of the text."""

    code = "not-delivered"


@dataclass(frozen=True)
class Message:
    """What people are told."""

    text: str
    title: str | None
    severity: Severity | None
    run: RunInfo

    @property
    def plain(self) -> str:
        """Title and text, the severity in front, without any markup."""
        mark = f"[{self.severity.value}] " if self.severity else ""
        head = f"{mark}{self.title}\n" if self.title else mark
        return head + self.text


@dataclass(frozen=True)
class Delivery:
    """How it went: the last answer's status and how many requests it took."""

    status_code: int | None = None
    requests: int = 0


class Sender(ABC):
    """One channel."""

    @abstractmethod
    def deliver(self, message: Message, url: str | None) -> Delivery:
        """Deliver `message`. Raises DeliveryError."""


class WebhookSender(Sender):
    """A channel that posts JSON to `url`."""

    @abstractmethod
    def payloads(self, message: Message) -> Sequence[JsonValue]:
        """The bodies to post, in order: more than one where the other side limits a message's length."""

    def deliver(self, message: Message, url: str | None) -> Delivery:
        if url is None:
            raise DeliveryError("this channel needs `url`, the webhook's address")
        host = urlsplit(url).hostname
        status = None
        bodies = self.payloads(message)
        # Redirects are not followed: the message would go to a host that nobody chose.
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            for number, body in enumerate(bodies, 1):
                try:
                    answer = client.post(url, json=body)
                except httpx.HTTPError as error:
                    reason = type(error).__name__
                    hint = "is it reachable from the agent's runtime? Containers have no network"
                    raise DeliveryError(f"{host} cannot be reached ({reason}); {hint}") from error
                status = answer.status_code
                if not answer.is_success:
                    part = f" for part {number} of {len(bodies)}" if len(bodies) > 1 else ""
                    raise DeliveryError(f"{host} answered {status}{part}; check the webhook's address")
        return Delivery(status_code=status, requests=len(bodies))


def pieces(text: str, size: int) -> list[str]:
    """`text` in pieces of at most `size` characters, cut at line ends where there are any; nothing is lost."""
    found: list[str] = []
    rest = text
    while len(rest) > size:
        cut = rest.rfind("\n", 1, size) + 1 or size
        found.append(rest[:cut])
        rest = rest[cut:]
    return [*found, rest]
