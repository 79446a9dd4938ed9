"""The notifier: one message through one channel."""

from __future__ import annotations

from agents.contract.interface import Agent, Context
from agents.notifier.channels import CHANNELS
from agents.notifier.channels.interface import Message
from agents.notifier.schema import MANIFEST, NotifierParams, NotifierReport


class Notifier(Agent[NotifierParams, NotifierReport]):
    """Delivers a message; raises DeliveryError when the other side does not take it."""

    manifest = MANIFEST

    def run(self, params: NotifierParams, context: Context) -> NotifierReport:
        message = Message(text=params.message, title=params.title, severity=params.severity, run=context.run)
        delivery = CHANNELS[params.channel].deliver(message, params.url)
        # The log shows it too: a console message is for whoever watches the run.
        for line in message.plain.splitlines():
            context.log.info("%s", line)
        return NotifierReport(
            channel=params.channel,
            delivered=True,
            text=message.plain,
            status_code=delivery.status_code,
            requests=delivery.requests,
        )
