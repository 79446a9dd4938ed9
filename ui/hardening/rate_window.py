"""Counting requests in a moving window: in this process, or in a Redis that replicas share."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

log = logging.getLogger("dockyard.web")

PATIENCE = 1.0
"""Seconds that a request waits for Redis: counting must not cost more than serving."""
PAUSE = 10.0
"""Seconds until Redis is asked again after it failed, so that an outage slows one request in many."""


@dataclass(frozen=True)
class Count:
    """What one client has used of its window."""

    allowed: bool
    limit: int
    window: int
    """Seconds that the window is long."""
    remaining: int
    reset: int
    """Seconds, rounded up, until the oldest request of the window no longer counts."""


class RateWindow:
    """At most so many requests of one key in any stretch of so many seconds.

    While Redis is away each replica counts for itself: a limit still holds, if a wider one, and the hub goes on
    (decision 0022).
    """

    def __init__(self, rate: str, storage: str) -> None:
        self.rate: RateLimitItem = parse(rate)
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self.shared: MovingWindowRateLimiter | None = None
        self.failures: tuple[type[Exception], ...] = (OSError, TimeoutError)
        self.ask_again = 0.0
        if not storage.startswith("memory"):
            redis = RedisStorage(f"async+{storage}", implementation="redispy", socket_connect_timeout=PATIENCE)
            known = redis.base_exceptions
            self.failures += known if isinstance(known, tuple) else (known,)
            self.shared = MovingWindowRateLimiter(redis)

    async def hit(self, key: str) -> Count:
        """Count one request of `key`, if there is room for it."""
        if self.shared is not None and time.monotonic() >= self.ask_again:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._hit(self.shared, key)
            except self.failures as error:
                self.ask_again = time.monotonic() + PAUSE
                # The kind alone: Redis' own words can hold its address and password.
                log.warning(
                    "rate limit: Redis failed (%s), this replica counts alone for %d s", type(error).__name__, int(PAUSE)
                )
        return await self._hit(self.own, key)

    async def _hit(self, limiter: MovingWindowRateLimiter, key: str) -> Count:
        allowed = await limiter.hit(self.rate, key)
        stats = await limiter.get_window_stats(self.rate, key)
        reset = max(math.ceil(stats.reset_time - time.time()), 1)
        return Count(allowed, self.rate.amount, self.rate.get_expiry(), max(stats.remaining, 0), reset)
