"""A webhook of one's own: one POST of plain JSON."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from agents.notifier.channels.interface import Message, WebhookSender


class Webhook(WebhookSender):
    """`{"title", "message", "severity", "run": {…}}`."""

    def payloads(self, message: Message) -> Sequence[JsonValue]:
        return [
            {
                "title": message.title,
                "message": message.text,
                "severity": message.severity.value if message.severity else None,
                "run": message.run.model_dump(mode="json"),
            }
        ]
