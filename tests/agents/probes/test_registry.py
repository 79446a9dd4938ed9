"""Every probe is registered, named, documented, and proves nothing by not trying."""

from __future__ import annotations

import errno
import os
import re

import pytest

from agents.contract.schema import Request
from agents.probes.calls import NUMBERS, call
from agents.probes.interface import Ending, Probe, ProbeParams, RawProbe, Seen
from agents.probes.registry import PROBES, by_name
from flows.settings import ROOT

FOLDER = ROOT / "agents" / "probes"


def test_every_probe_that_has_a_file_is_registered_once() -> None:
    classes = re.compile(r"^class (\w+)\((?:Raw)?Probe\):", re.MULTILINE)
    files = [path for path in FOLDER.glob("*.py") if path.name != "interface.py"]
    defined = [name for path in files for name in classes.findall(path.read_text(encoding="utf-8"))]
    assert sorted(type(probe).__name__ for probe in PROBES) == sorted(defined)
    assert len(by_name()) == len(PROBES)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_probe_says_what_it_is(probe: Probe) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", probe.name)
    assert probe.tries
    assert probe.holds
    assert probe.endings
    if Ending.REPORT not in probe.endings:
        assert isinstance(probe, RawProbe)  # one that reports to nobody has a container to itself
    assert probe.alone or probe.endings == {Ending.REPORT}


def test_the_page_lists_every_probe_as_it_says_of_itself() -> None:
    page = (ROOT / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| (.+?) \|$", page.partition("## Probes")[2], re.MULTILINE)
    assert rows == [(probe.name, probe.tries, probe.holds) for probe in PROBES]


def test_nothing_tried_is_not_contained() -> None:
    assert not Seen().outcome().contained


def test_one_escape_counts_more_than_any_refusal() -> None:
    seen = Seen()
    seen.refused("Operation not permitted")
    seen.escaped("read the hub's file")
    assert not seen.outcome().contained
    assert seen.outcome().detail == "read the hub's file"


def test_a_call_that_gets_past_the_filter_is_an_escape_even_when_it_fails() -> None:
    def fails(number: int) -> None:
        raise OSError(number, os.strerror(number))

    for number, contained in ((errno.EPERM, True), (errno.EACCES, True), (errno.ENOSYS, True), (errno.EINVAL, False)):
        seen = Seen()
        seen.call("did it", fails, number)
        assert seen.outcome().contained is contained
        seen = Seen()
        seen.attempt("did it", fails, number)
        assert seen.outcome().contained


def test_the_numbers_of_calls_are_this_kernels() -> None:
    # Each on a descriptor or an address that there is not: what answers tells which call it was.
    assert len({numbers[0] for numbers in NUMBERS.values()}) == len(NUMBERS)
    assert len({numbers[1] for numbers in NUMBERS.values()}) == len(NUMBERS)
    with pytest.raises(OSError, match="Bad address"):
        call("adjtimex", 0)
    assert call("personality", 0xFFFFFFFF) == 0


def test_a_probe_that_crashes_is_not_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.probes import run

    class Broken(Probe):
        name, tries, holds = "broken", "crash", "nothing"

        def attempt(self, place: ProbeParams, seen: Seen) -> None:
            seen.refused(place.token)
            raise ZeroDivisionError

    monkeypatch.setattr(run, "by_name", lambda: {"broken": Broken()})
    request = Request(agent="probes", params={"probes": ["broken"]}, workspace=str(FOLDER))
    result = run.serve(run.Probes(), request.model_dump_json().encode())
    assert result.report is not None
    outcomes = result.report["outcomes"]
    assert isinstance(outcomes, dict)
    assert outcomes["broken"] == {
        "contained": False,
        "detail": "the probe ended with status 0 and told nothing of what it saw",
    }
