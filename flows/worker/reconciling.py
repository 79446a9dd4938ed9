"""The reconciler beside a worker: in a thread of its own, which neither the worker's stop nor its forkserver waits for."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flows.errors import DockyardError
from flows.settings import settings

if TYPE_CHECKING:
    from flows.service.reconciler import Reconciler

EVERY_SECONDS = 2.0
SLOWEST_SECONDS = 60.0
"""How long is waited at most after a look that failed; the wait doubles from one to the next."""

Log = logging.Logger | logging.LoggerAdapter[Any]


class Reconciling:
    """Looks again and again, until it is stopped."""

    def __init__(self, look: Callable[[], Iterable[str]], log: Log, *, every: float = EVERY_SECONDS) -> None:
        """`look` does what is to do and says what it did; `every`: seconds between two looks."""
        self._look = look
        self._log = log
        self._every = every
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin. The thread is a daemon: a look that hangs in a request ends with the process."""
        work = contextvars.copy_context().run  # Prefect's settings are in the context
        threading.Thread(target=work, args=(self._work,), name="dockyard-reconciler", daemon=True).start()

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
                self._log.warning("Runs that wait for people are not looked at: %s; again in %.0f s.", error, wait)
            except Exception:  # noqa: BLE001 - whatever it is, the next look may be a better one; the log has the reason
                wait = self._slower(wait)
                self._log.exception("Runs that wait for people are not looked at; again in %.0f s.", wait)
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
