"""Writing a report's index: large ones apart, and a report that cannot be read says why."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from flows.errors import UnavailableError
from flows.reports import index_file
from flows.reports.index import Index
from flows.reports.schema import RunReport
from flows.settings import ROOT


def test_a_report_as_it_is_kept_gives_the_same_index(tmp_path: Path, small: RunReport) -> None:
    index_file.write(small, tmp_path / "one.db")
    index_file.write_kept(small.model_dump_json().encode(), tmp_path / "two.db")
    one, two = Index(tmp_path / "one.db"), Index(tmp_path / "two.db")
    assert (one.head, list(one.entries())) == (two.head, list(two.entries()))


def test_a_large_report_is_read_in_a_process_of_its_own(tmp_path: Path, large: RunReport) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    index_file.write_kept(large.model_dump_json().encode(), tmp_path / "large.db")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before
    assert Index(tmp_path / "large.db").count() == 100_000


def test_a_large_report_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="the report could not be read"):
        index_file.write_kept(b"x" * 5_000_000, tmp_path / "none.db")


def test_reading_a_hundred_thousand_findings_takes_little_memory(tmp_path: Path, large: RunReport) -> None:
    source = tmp_path / "large.json"
    source.write_bytes(large.model_dump_json().encode())
    script = (
        "import sys; from pathlib import Path; from flows.reports.index_file import write, RunReport\n"
        "write(RunReport.model_validate_json(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    command = [sys.executable, "-c", script, str(source), str(tmp_path / "large.db")]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, cwd=ROOT).stdout
    assert int(said) * 1024 < 400e6  # kilobytes, the largest that the process ever was
