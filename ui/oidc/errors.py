"""What goes wrong with an identity provider; an exception's text is what a person reads on the login page."""

from __future__ import annotations

from flows.errors import DockyardError


class ProviderError(DockyardError):
    """Base of them. `reason` is for the log of whoever runs the hub: it holds no secret, and no page shows it."""

    def __init__(self, message: str, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class ProviderAwayError(ProviderError):
    """It does not answer, or not in time."""


class ProviderRefusedError(ProviderError):
    """It did not let the person in, or the hub redeem what the person brought."""


class UntrustedAnswerError(ProviderError):
    """What it answered is not what the protocol asks for: nothing of it is believed."""
