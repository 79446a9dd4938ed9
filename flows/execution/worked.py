"""How long a run has worked before it was suspended: its `timeout` goes on from there when it is entered again."""

from __future__ import annotations

from flows.reports import archive

_FILE = "worked-seconds.txt"


class Worked:
    """The seconds of one run, over all its entries."""

    def __init__(self, run: str) -> None:
        self._run = run
        found = archive.kept(run, _FILE)
        self.before = 0.0 if found is None else float(found)
        """Seconds of the entries before this one; 0 for a run that is started again after its end."""

    def keep(self, seconds: float) -> None:
        """Write down what this entry adds, before the run is suspended."""
        archive.keep(self._run, _FILE, repr(self.before + seconds).encode())

    def forget(self) -> None:
        """The run has ended."""
        if self.before:
            archive.keep(self._run, _FILE, b"0")
