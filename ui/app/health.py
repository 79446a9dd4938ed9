"""Health: what a supervisor or a load balancer asks. Answered to everybody, so that it tells no more than yes or no."""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flows.service.readiness import Probe
from ui.hardening.paths import API

LOOKS_AT_ONCE = 2
"""A server that hangs holds so many threads at most, however many ask."""


def health_routes(probe: Probe) -> list[Route]:
    """`/api/health/live` answers while the process does; `/api/health/ready`, and `/api/health`, look at its parts."""
    limiter = CapacityLimiter(LOOKS_AT_ONCE)

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        found = await to_thread.run_sync(probe.look, limiter=limiter)
        parts = {"database": _word(found.database), "prefect": _word(found.prefect)}
        return JSONResponse({"status": _word(found.ready), **parts}, 200 if found.ready else 503)

    return [
        Route(f"{API}/health/live", live),
        Route(f"{API}/health/ready", ready),
        Route(f"{API}/health", ready),
    ]


def _word(fine: bool) -> str:
    return "ok" if fine else "unavailable"
