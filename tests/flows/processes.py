"""Work in several real processes that begin at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

_together: list[Barrier] = []


def at_once(work: Callable[[In], Out], arguments: Sequence[In]) -> list[Out]:
    """What `work`, a module's function, gives for each of `arguments`, each in a process of its own."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["flows.approvals", "flows.store"])
    barrier = context.Barrier(len(arguments))
    with context.Pool(len(arguments), _agree, (barrier,)) as pool:
        return pool.starmap(_begin, [(work, argument) for argument in arguments], chunksize=1)


def _agree(barrier: Barrier) -> None:
    _together.append(barrier)


def _begin(work: Callable[[In], Out], argument: In) -> Out:
    _together[0].wait(120)
    return work(argument)
