"""Messages to people: by whatever notification block a team keeps in Prefect (Slack, Teams, Discord, mail, a web hook …)."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block


class NotDeliveredError(Exception):
    """A message was not delivered. The text says why and what to do, and nothing of the block's own settings."""


def saved_notification_block(document: str) -> NotificationBlock:
    """The block saved as `<type>/<name>`. Raises NotDeliveredError where there is none that could send anything.

    A Prefect server that does not answer is told by httpx's errors.
    """
    import prefect.blocks.notifications  # noqa: F401 - its types are known once it is imported

    try:
        loaded: object = Block.load(document, _sync=True)  # type: ignore[call-arg] # what `async_dispatch` adds
    except (ValueError, RuntimeError) as error:  # what Prefect says of none, of another version's, of an unknown type
        raise NotDeliveredError(
            f"Prefect has no usable block {document} ({type(error).__name__}): save one of that name, in Prefect's page "
            "under Blocks, or correct `notify` in the policy file"
        ) from error
    if not isinstance(loaded, NotificationBlock):
        raise NotDeliveredError(f"the block {document} sends no notifications: name one that does in the policy file")
    return loaded


def send(block: NotificationBlock, document: str, body: str, subject: str) -> None:
    """Send one message. Raises NotDeliveredError, whatever the block raises; for a thread without an event loop."""
    try:
        with block.raise_on_failure():
            sent: Any = block.notify(body, subject)
            if inspect.isawaitable(sent):  # the interface is asynchronous, the blocks of Prefect are both
                asyncio.run(_wait(sent))
    except Exception as error:  # noqa: BLE001 - the blocks of all collections come here, with errors of whatever kind
        # Its text could hold the address, which is a secret for most of them.
        status = getattr(getattr(error, "response", None), "status_code", None)
        answered = f", status {status}" if isinstance(status, int) else ""
        raise NotDeliveredError(
            f"the block {document} could not send ({type(error).__name__}{answered}): "
            "try it in a Python shell with its `notify`, and look whether its address is still good"
        ) from None


async def _wait(sent: Any) -> None:
    await sent
