"""Whatever text comes in, it stays text."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from ui.page.pieces import Tone, badge, block, code, definitions, join, link, listing, notice, section, table, text, tiles

HOSTILE = "<script>alert('1')</script>\"&\u202e"
SAFE = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#34;&amp;\\u202e"


@pytest.mark.parametrize(
    "piece",
    [
        text(HOSTILE),
        code(HOSTILE),
        block([HOSTILE]),
        badge(HOSTILE, Tone.FINE),
        join([HOSTILE]),
        listing([HOSTILE]),
        definitions([("label", HOSTILE)]),
        table("caption", ["first", "second"], [("row", HOSTILE)]),
        table(HOSTILE, ["first"], []),
        section(HOSTILE, "body"),
        notice(HOSTILE),
        tiles([("label", HOSTILE, Tone.PLAIN)]),
        link("http://host/?a=1", HOSTILE),
        link("javascript:alert(1)", HOSTILE),
    ],
)
def test_text_is_escaped_and_what_turns_its_direction_is_written_out(piece: Markup) -> None:
    assert SAFE in piece
    assert "<script" not in piece
    assert "\u202e" not in piece


def test_a_piece_in_a_piece_is_not_escaped_again() -> None:
    assert "<td><code>a&amp;b</code></td>" in table("t", ["x", "y"], [("r", code("a&b"))])


def test_a_link_leads_to_http_only() -> None:
    assert "href" not in link("javascript:alert(1)", "here")
    assert 'href="https://host/a?b=1&amp;c=&#34;"' in link('https://host/a?b=1&c="', "here")


def test_a_table_names_its_rows_and_columns_for_who_does_not_see_it() -> None:
    piece = table("Things", ["Name", "Count"], [("one", 1)])
    assert '<th scope="col" class="dy-number">Count</th>' in piece
    assert '<th scope="row">one</th><td class="dy-number">1</td>' in piece
    assert "<caption>Things</caption>" in piece


def test_an_error_interrupts_and_a_remark_does_not() -> None:
    assert 'role="alert"' in notice("no", Tone.ERROR)
    assert 'role="status"' in notice("well", Tone.WARNING)
    assert "<p>one<br>two</p>" in notice("one\ntwo")
