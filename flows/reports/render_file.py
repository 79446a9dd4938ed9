"""`python -m flows.reports.render_file SOURCE FORMAT TARGET`: a report in another process.

Some formats of a very large report take a gigabyte while they are made: the page's process shall not grow by that.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flows.errors import UnavailableError
from flows.reports.formats import Format, render
from flows.reports.schema import RunReport
from flows.settings import ROOT

_SECONDS = 300.0


def render_apart(source: Path, format: Format, target: Path) -> None:  # noqa: A002 — the word users know it by
    """Write the report in `source` (JSON, as it is kept) to `target`. Raises UnavailableError."""
    command = [sys.executable, "-m", __name__, str(source), format.value, str(target)]
    try:
        ended = subprocess.run(
            command, cwd=ROOT, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL, capture_output=True
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"the {format.value} report took more than {_SECONDS:.0f} s; try another format") from error
    if ended.returncode != 0:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnavailableError(f"the {format.value} report could not be made: {last}")


def main(arguments: list[str]) -> None:
    """Render as `arguments` say."""
    source, name, target = arguments
    report = RunReport.model_validate_json(Path(source).read_bytes())
    Path(target).write_text(render(report, Format(name)), encoding="utf-8", newline="")


if __name__ == "__main__":
    main(sys.argv[1:])
