"""What goes on beside a worker, each in a thread of its own, which neither the worker's stop nor its forkserver waits for.

The reconciler looks after the runs that wait for people. The notifier tells people of them, apart from it: a chat service
that takes its time holds up no decision.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flows.errors import DockyardError
from flows.settings import settings

if TYPE_CHECKING:
    from flows.service.notifier import Notifier
    from flows.service.reconciler import Reconciler

EVERY_SECONDS = 2.0
SLOWEST_SECONDS = 60.0
"""How long is waited at most after a look that failed; the wait doubles from one to the next."""

Log = logging.Logger | logging.LoggerAdapter[Any]


class Reconciling:
    """Looks again and again, until it is stopped."""

    def __init__(
        self,
        look: Callable[[], Iterable[str]],
        log: Log,
        *,
        every: float = EVERY_SECONDS,
        name: str = "dockyard-reconciler",
        undone: str = "Runs that wait for people are not looked at",
    ) -> None:
        """`look` does what is to do and says what it did; `every`: seconds between two looks.

        `undone` says what does not happen while looks fail.
        """
        self._look = look
        self._log = log
        self._every = every
        self._name = name
        self._undone = undone
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin. The thread is a daemon: a look that hangs in a request ends with the process."""
        work = contextvars.copy_context().run  # Prefect's settings are in the context
        threading.Thread(target=work, args=(self._work,), name=self._name, daemon=True).start()

    def stop(self) -> None:
        """Let the look that goes on be the last; does not wait for it."""
        self._stopped.set()

    def _work(self) -> None:
        wait = self._every
        while not self._stopped.wait(wait):
            try:
                for said in self._look():
                    self._log.info(said)
            except DockyardError as error:  # a server or a database that does not answer: its text says all
                wait = self._slower(wait)
                self._log.warning("%s: %s; again in %.0f s.", self._undone, error, wait)
            except Exception:  # noqa: BLE001 - whatever it is, the next look may be a better one; the log has the reason
                wait = self._slower(wait)
                self._log.exception("%s; again in %.0f s.", self._undone, wait)
            else:
                wait = self._every

    def _slower(self, wait: float) -> float:
        return min(max(2 * wait, self._every), SLOWEST_SECONDS)


class Look:
    """One reconciler, made by the first look and kept: what it imports takes a second that no worker should wait for."""

    def __init__(self) -> None:
        self._reconciler: Reconciler | None = None

    def __call__(self) -> tuple[str, ...]:
        """Do what is to do. Raises as `Reconciler.once`."""
        if self._reconciler is None:
            from prefect.client.orchestration import get_client

            from flows.service.reconciler import Reconciler

            self._reconciler = Reconciler(settings(), get_client(sync_client=True))
        return self._reconciler.once()


class Tell:
    """One notifier, made by the first look and kept, as `Look` keeps a reconciler."""

    def __init__(self, log: Log) -> None:
        """`log` is warned of messages that were not delivered."""
        self._log = log
        self._notifier: Notifier | None = None

    def __call__(self) -> tuple[str, ...]:
        """Send what is to be sent. Raises as `Notifier.once`."""
        if self._notifier is None:
            from flows.service.notifier import Notifier

            self._notifier = Notifier(settings(), warn=self._log.warning)
        return self._notifier.once()
