"""The console: the message is part of the report and of the run's log; nothing is sent."""

from __future__ import annotations

from agents.notifier.channels.interface import Delivery, Message, Sender


class Console(Sender):
    """Nothing to send: the report carries the text."""

    def deliver(self, message: Message, url: str | None) -> Delivery:  # noqa: ARG002 — the seam's signature
        return Delivery()
