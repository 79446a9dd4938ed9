"""The channels there are. Adding one is its file, its name in the schema and its line here."""

from agents.notifier.channels.console import Console
from agents.notifier.channels.discord import Discord
from agents.notifier.channels.interface import Sender
from agents.notifier.channels.slack import Slack
from agents.notifier.channels.webhook import Webhook
from agents.notifier.schema import Channel

CHANNELS: dict[Channel, Sender] = {
    Channel.CONSOLE: Console(),
    Channel.SLACK: Slack(),
    Channel.DISCORD: Discord(),
    Channel.WEBHOOK: Webhook(),
}
