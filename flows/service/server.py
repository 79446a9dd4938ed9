"""Which Prefect server counts, and what is said when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.errors import UnavailableError


def configured_api() -> str | None:
    """The API address that the environment or the active Prefect profile names, as Prefect itself reads them."""
    from prefect.settings import Settings

    return Settings().api.url


@contextmanager
def answering() -> Iterator[None]:
    """Turn a server that is silent or refuses into UnavailableError. Also a decorator."""
    from httpx import HTTPError, HTTPStatusError

    try:
        yield
    except HTTPStatusError as error:
        code = error.response.status_code
        raise UnavailableError(f"the Prefect server refused ({code}): {error.response.text[:600]}") from error
    except HTTPError as error:
        where = configured_api()
        reason = str(error) or type(error).__name__
        raise UnavailableError(
            f"the Prefect server at {where} does not answer ({reason}); "
            "start it, or change PREFECT_API_URL or the active Prefect profile"
        ) from error
