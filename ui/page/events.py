"""How the page's events are wired: none is part of a public API, none holds up another visitor's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

AT_ONCE = 8
"""How many visitors may be in one event at once; the others wait their turn."""

Update = Any
"""A component's new value or `gr.update`: Gradio gives its updates no type."""
Parts = Sequence[Any]
"""Components, states or updates of them, as Gradio takes and answers them."""


def on(
    trigger: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Parts = (),
    outputs: Parts = (),
    *,
    quiet: bool = False,
    last: bool = False,
) -> Any:
    """Call `fn` when `trigger` (such as `button.click`) fires; while it does, firing again does nothing.

    `last`: firing again meanwhile calls it once more afterwards, for what the newest choice counts of.
    `quiet`: nothing shows that it works, for what a clock starts. Returns what Gradio chains further events to.
    """
    return trigger(
        fn,
        inputs=list(inputs),
        outputs=list(outputs),
        api_visibility="private",
        concurrency_limit=AT_ONCE,
        trigger_mode="always_last" if last else "once",
        show_progress="hidden" if quiet else "minimal",
    )


def on_choice(
    choice: gr.Dropdown, shown: gr.State, fn: Callable[[str | None, gr.Request], list[Update]], outputs: Parts
) -> Any:
    """Call `fn` with the entry that a visitor chose, unless `shown`, one of `outputs` that `fn` fills, holds it already.

    Gradio's dropdown tells of its value again whenever the focus leaves it: what was typed since shall not be lost by that.
    """

    def chosen(value: str | None, known: str | None, request: gr.Request) -> list[Update]:
        return [gr.skip() for _ in outputs] if value == known else fn(value, request)

    return on(choice.input, chosen, [choice, shown], outputs, last=True)


def html(label: str, value: str = "", *, visible: bool = True) -> gr.HTML:
    """A place for pieces of HTML. It runs no script of its own."""
    return gr.HTML(value, label=label, js_on_load=None, visible=visible, elem_classes=["dy-html"])
