"""Slack incoming webhooks: Block Kit, at most 3,000 characters a section and 50 blocks a message.

https://docs.slack.dev/reference/block-kit/blocks/section-block
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from agents.contract.schema import Severity
from agents.notifier.channels.interface import Message, WebhookSender, pieces

SECTION_CHARACTERS = 3000
HEADER_CHARACTERS = 150
SECTIONS_PER_MESSAGE = 45
LONGEST_ESCAPE = 5
"""`&` becomes `&amp;`: so much longer can escaped text get."""

_ICONS = {Severity.CRITICAL: "🔴", Severity.ERROR: "🟠", Severity.WARNING: "🟡", Severity.INFO: "🔵"}


class Slack(WebhookSender):
    """Sections of plain text in mrkdwn, so escaped that no mention, link or format comes from the message."""

    def payloads(self, message: Message) -> Sequence[JsonValue]:
        icon = f"{_ICONS[message.severity]} " if message.severity else ""
        title = f"{icon}{message.title or ''}".strip()
        # A header takes 150 characters; a longer title goes on in the text.
        head, more = title[:HEADER_CHARACTERS], title[HEADER_CHARACTERS:]
        text = f"{more}\n{message.text}" if more else message.text
        sections: list[JsonValue] = [
            {"type": "section", "text": {"type": "mrkdwn", "text": escape(part), "verbatim": True}}
            for part in pieces(text, SECTION_CHARACTERS // LONGEST_ESCAPE)
        ]
        header: list[JsonValue] = (
            [{"type": "header", "text": {"type": "plain_text", "text": head, "emoji": True}}] if head else []
        )
        starts = range(0, len(sections), SECTIONS_PER_MESSAGE)
        fallback = escape(head or message.text.splitlines()[0])[:SECTION_CHARACTERS]
        return [
            {
                "text": fallback,
                "blocks": [*(header if start == 0 else []), *sections[start : start + SECTIONS_PER_MESSAGE]],
            }
            for start in starts
        ]


def escape(text: str) -> str:
    """The three characters that mean something to Slack, as its entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
