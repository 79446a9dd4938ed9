"""A page of Gradio works under the policy, and what gets into it from elsewhere does not run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio
import pandas as pd
import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.ui.hardening.conftest import serving
from ui.settings import WebSettings

pytestmark = pytest.mark.browser

FORGED = "<img id=forged src=/none.png onerror='window.ran = true'><script>window.ran = true</script>"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A page with every kind of component that Dockyard's has, behind the whole hardening."""
    data = pd.DataFrame({"run": ["one", "two", "three"], "findings": [5, 3, 1]})
    with gradio.Blocks(analytics_enabled=False) as blocks:
        name = gradio.Textbox(label="Name")
        button = gradio.Button("Greet")
        shown = gradio.HTML("<b id='given' style='color: red'>given</b>")
        gradio.Dataframe(data)
        gradio.BarPlot(data, x="run", y="findings")
        gradio.LinePlot(data, x="run", y="findings")
        gradio.Plot()
        gradio.Code("answer = 42", language="python")
        gradio.Markdown("# Title\n\n```python\nanswer = 42\n```")
        gradio.Dropdown(["a", "b"], label="Choice")
        gradio.File(label="File")
        gradio.Timer(1)
        greet = "<i id='greeting'>Hello {}</i>".format
        button.click(greet, name, shown)
    app = gradio.mount_gradio_app(FastAPI(), blocks, path="/", show_error=False)
    with serving(app, WebSettings()) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_page_works_and_stays_on_this_machine(address: str, watched: Callable[[], Watched]) -> None:
    seen = watched()
    answer = seen.page.goto(address)
    assert answer
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    expect(seen.page.locator("#given")).to_have_css("color", "rgb(255, 0, 0)")
    expect(seen.page.locator("canvas, svg.marks")).to_have_count(2)
    expect(seen.page.get_by_role("gridcell", name="three")).to_be_visible()
    seen.page.get_by_label("Name").fill("Ann")
    seen.page.get_by_role("button", name="Greet").click()
    expect(seen.page.locator("#greeting")).to_have_text("Hello Ann")
    assert seen.errors == []
    assert seen.left == []


def test_what_gets_into_the_page_does_not_run(address: str, watched: Callable[[], Watched]) -> None:
    seen = watched()
    seen.page.goto(address)
    expect(seen.page.locator("#given")).to_be_visible()
    # A field that is shown as HTML stands for any hole through which markup of others could come.
    seen.page.get_by_label("Name").fill(FORGED)
    # Chromium tells of a handler once, the first time that it would run.
    with seen.page.expect_event("console", lambda message: "inline event handler" in message.text):
        seen.page.get_by_role("button", name="Greet").click()
    expect(seen.page.locator("#forged")).to_be_attached()
    assert seen.page.evaluate("window.ran") is None
    assert seen.violations
