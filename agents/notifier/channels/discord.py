"""Discord webhooks: embeds of at most 4,096 characters, and nobody is mentioned.

https://discord.com/developers/docs/resources/webhook#execute-webhook
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from agents.contract.schema import Severity
from agents.notifier.channels.interface import Message, WebhookSender, pieces

DESCRIPTION_CHARACTERS = 4096
TITLE_CHARACTERS = 256

_COLOURS = {
    Severity.CRITICAL: 0xB00020,
    Severity.ERROR: 0xE65100,
    Severity.WARNING: 0xF9A825,
    Severity.INFO: 0x1565C0,
}
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\*_~`|>[]#"})


class Discord(WebhookSender):
    """One embed a message; longer texts go on in further messages."""

    def payloads(self, message: Message) -> Sequence[JsonValue]:
        title = message.title or ""
        text = message.text.translate(_MARKUP)
        if len(title) > TITLE_CHARACTERS:
            text = f"{title[TITLE_CHARACTERS:].translate(_MARKUP)}\n{text}"
        bodies: list[JsonValue] = []
        for number, part in enumerate(pieces(text, DESCRIPTION_CHARACTERS)):
            embed: dict[str, JsonValue] = {"description": part}
            if title and number == 0:
                embed["title"] = title[:TITLE_CHARACTERS]
            if message.severity:
                embed["color"] = _COLOURS[message.severity]
            bodies.append({"embeds": [embed], "allowed_mentions": {"parse": []}})
        return bodies
