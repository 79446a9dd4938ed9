"""Settings of the page and the API: where they answer, behind which proxies, and what one client may take of them."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from flows.settings import PageAddress

Network = IPv4Network | IPv6Network

STORAGES = ("memory", "redis", "rediss", "redis+unix")


class WebSettings(PageAddress):
    """Each can be set by an environment variable `DOCKYARD_<NAME>`, like `flows.settings.Settings`."""

    # What could not be used is not repeated: it can be the address of Redis, password included.
    model_config = SettingsConfigDict(env_prefix="DOCKYARD_", frozen=True, hide_input_in_errors=True)

    page_host: str = Field(default="127.0.0.1", description="Address that the page and the API listen on.")
    page_port: int = Field(default=7860, ge=1, le=65535, description="Port of the page and the API.")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="Proxies whose `X-Forwarded-For`, `-Proto` and `X-Request-ID` count: networks, commas between.",
    )
    rate_limit: str = Field(default="100/minute", description="Requests that one client address may make to `/api`.")
    rate_limit_storage: SecretStr = Field(
        default=SecretStr("memory://"),
        description="Where requests are counted: `memory://`, or `redis://…` that replicas share.",
    )
    max_connections: int = Field(default=500, gt=1, description="Open connections from which on requests are turned away.")
    max_connections_per_client: int = Field(
        default=64, gt=0, description="Connections, and requests under way, that one client address may hold."
    )
    max_header_kb: int = Field(default=32, gt=0, description="Largest head of a request, KiB.")
    max_body_mb: int = Field(default=10, gt=0, description="Largest body of a request, MiB.")
    max_json_depth: int = Field(default=64, gt=0, le=500, description="How deep lists and objects may nest in a JSON body.")
    header_timeout: float = Field(
        default=10.0, gt=0, description="Seconds within which the head of a request must be there."
    )
    keep_alive_timeout: int = Field(default=15, gt=0, description="Seconds that a connection may be idle between requests.")
    body_timeout: float = Field(default=20.0, gt=0, description="Seconds that a body may take beside what its size allows.")
    min_body_rate: int = Field(default=16384, gt=0, description="Bytes of a body that earn it another second.")
    request_timeout: float = Field(
        default=60.0,
        gt=0,
        description="Seconds until an answer must begin, and until it must go on; event streams may pause.",
    )
    send_timeout: float = Field(
        default=30.0, gt=0, description="Seconds that a client may take for each piece of an answer."
    )
    hsts_max_age: int = Field(
        default=31_536_000,
        ge=0,
        description="Seconds that browsers shall remember to use TLS, said on TLS alone; 0: not said.",
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, given: object) -> object:
        return (
            tuple(ip_network(part.strip()) for part in given.split(",") if part.strip()) if isinstance(given, str) else given
        )

    @field_validator("rate_limit")
    @classmethod
    def _rate(cls, given: str) -> str:
        from limits import parse  # of the extra `page`, which a worker has no need of

        try:
            parse(given)
        except ValueError as error:
            raise ValueError("write a number and a time, such as 100/minute or 10/second") from error
        return given

    @field_validator("rate_limit_storage")
    @classmethod
    def _storage(cls, given: SecretStr) -> SecretStr:
        if urlsplit(given.get_secret_value()).scheme not in STORAGES:
            raise ValueError("use memory:// or redis://host:port/number")
        return given

    @property
    def public_url(self) -> str:
        """The page's address for links, without a slash at its end."""
        if self.page_url:
            return self.page_url
        host = f"[{self.page_host}]" if ":" in self.page_host else self.page_host
        return f"http://{host}:{self.page_port}"


@cache
def web_settings() -> WebSettings:
    """The process's settings of the page and the API, read once."""
    return WebSettings()
