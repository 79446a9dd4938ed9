"""What the page needs to open a report of 100,000 findings, beside an earlier one that it is compared with."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from flows.settings import settings
from tests.large import FINDINGS, keep_large
from ui.page.reports import Filters, ReportDesk, Subject
from ui.page.visitor import Visitor

__all__ = ["FINDINGS", "Opening", "opening"]

NEW = 30_000


@dataclass(frozen=True)
class Opening:
    """Seconds until the page has everything that it shows, and until it has another page of findings."""

    first: float
    again: float
    turned: float


def opening(repository: str) -> Opening:
    """Keep two runs in the server that this machine uses, and open the newer one as the page does.

    The first time on this machine it fetches both indexes and compares them; afterwards they are there.
    """
    keep_large(repository)
    run = str(keep_large(repository, NEW))
    with tempfile.TemporaryDirectory() as state:
        here = settings().model_copy(update={"state_dir": Path(state)})

        def opened() -> float:
            start = time.perf_counter()
            desk = ReportDesk(here, Visitor(name="bench"), Subject(review=False))
            desk.listing(run)
            desk.open(run)
            desk.turn(run, Filters(), 0)
            return time.perf_counter() - start

        first, again = opened(), opened()
        start = time.perf_counter()
        ReportDesk(here, Visitor(name="bench"), Subject(review=False)).turn(run, Filters(), FINDINGS // 100)
        turned = time.perf_counter() - start
        return Opening(first, again, turned)
