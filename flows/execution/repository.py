"""The repository of a run, read as the settings say: within reach and limits, with the credentials of this machine."""

from __future__ import annotations

import logging

from flows.settings import Settings
from flows.workspace import MIRRORS, Checkout, Limits, Reach, check_out, collect

log = logging.getLogger(__name__)


def read_repository(
    repository: str, ref: str, settings: Settings, *, pinned: str | None = None, kept_for: str | None = None
) -> Checkout:
    """`check_out` by the settings; mirrors that nobody uses any more go by the way. Raises as `check_out`."""
    checkout = check_out(
        repository,
        ref,
        state_dir=settings.state_dir,
        timeout=settings.git_timeout,
        credentials=settings.git_credentials,
        pinned=pinned,
        kept_for=kept_for,
        reach=Reach.of(settings),
        limits=Limits.of(settings),
    )
    for mirror in collect(settings.state_dir / MIRRORS, settings.mirror_days):
        log.info("Removed the mirror %s: nobody has used it for %g days.", mirror, settings.mirror_days)
    return checkout
