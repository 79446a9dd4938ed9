"""The end of a log grows without losing or repeating a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.service import LogLine
from ui.page.tail import KEPT, Tail, grown, tail_html

START = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def line(number: int, node: str = "scan", text: str = "", second: int | None = None) -> LogLine:
    at = START + timedelta(seconds=number if second is None else second)
    return LogLine(at=at, level=20, node=node, text=text or f"line {number}")


class Log:
    """A log as the service reads it: pages of 200, those as late as `after` among them."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []

    def fetch(self, after: datetime | None, offset: int) -> tuple[LogLine, ...]:
        later = [line for line in self.lines if after is None or line.at >= after]
        return tuple(later[offset : offset + 200])


def test_every_line_comes_once_also_those_of_the_same_moment() -> None:
    log = Log()
    tail = Tail()
    for number in range(40):
        log.lines.append(line(number, second=number // 3))
        tail = grown(tail, log.fetch)
    assert [one.text for one in tail.lines] == [f"line {number}" for number in range(40)]
    assert grown(tail, log.fetch) is tail


def test_a_long_log_keeps_its_end_and_counts_the_rest() -> None:
    log = Log()
    log.lines = [line(number) for number in range(1000)]
    tail = grown(Tail(), log.fetch)
    assert len(tail.lines) == KEPT
    assert tail.lines[-1].text == "line 999"
    assert tail.before == 1000 - KEPT
    assert "700 earlier lines are left out" in tail_html(tail, "")


def test_one_nodes_lines_are_told_from_the_others() -> None:
    tail = Tail(lines=(line(1, "a", "of a"), line(2, "b", "of <b>\nand more")))
    shown = tail_html(tail, "b")
    assert "of &lt;b&gt;\nand more" in shown
    assert "of a" not in shown
    assert tail.nodes == ("a", "b")
    assert "c has logged nothing yet" in tail_html(tail, "c")
