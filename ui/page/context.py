"""What every tab is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from flows.settings import Settings
from ui.page.visitor import Visitor

Who = Callable[[gr.Request], Visitor]
"""Says who is behind an event's request. What it raises ends the event."""


@dataclass(frozen=True)
class Context:
    """The workspace's settings, and who looks."""

    settings: Settings
    who: Who
