"""Refusing a request while the application is already reading it."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.problem import Problem, answer

log = logging.getLogger("dockyard.web")


class RefusedError(Exception):
    """The request is refused; its answer is on the way, whatever the application makes of this exception."""


def refuse(scope: Scope, problem: Problem) -> RefusedError:
    """Record that the request of `scope` is refused because of `problem`, and give the exception to raise.

    Frameworks catch exceptions that come out of reading a body and answer something of their own (a JSON route
    makes 400 of a body that was too large). The record is what counts: see `Refusals`.
    """
    scope.setdefault("state", {}).setdefault("refusal", problem)
    return RefusedError(problem.detail)


def refusal(scope: Scope) -> Problem | None:
    """Why the request of `scope` is refused; None while it isn't."""
    found = scope.get("state", {}).get("refusal")
    return found if isinstance(found, Problem) else None


class Refusals:
    """Answers refused requests in the application's place, and its unexpected failures without telling what they were."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer why not."""
        started = False

        async def unless_refused(message: Message) -> None:
            nonlocal started
            if not started and refusal(scope):
                return  # the application's own words about the exception
            started = True
            await send(message)

        failure: Exception | None = None
        try:
            await self.app(scope, receive, unless_refused)
        except RefusedError:
            log.debug("refused: %s", refusal(scope))
        except Exception as error:
            if started:
                raise
            failure = error
        if started:
            return
        problem = refusal(scope)
        if problem is None and failure is not None:
            log.error("%s %r failed", scope["method"], scope["path"], exc_info=failure)  # %r: a path may hold line ends
            problem = Problem(
                status=500,
                detail="The hub failed at this request. Its log has the reason: give the request's id to whoever runs it.",
            )
        if problem is not None:
            await answer(problem, scope)(scope, receive, send)
