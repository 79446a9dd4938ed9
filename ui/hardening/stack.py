"""The middlewares, one upon the other."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.hardening.access_log import AccessLog
from ui.hardening.body_limit import BodyLimit
from ui.hardening.body_pace import BodyPace
from ui.hardening.client import ClientAddress
from ui.hardening.concurrency import Concurrency
from ui.hardening.json_body import JsonBody
from ui.hardening.paths import API
from ui.hardening.rate_limit import RateLimit
from ui.hardening.rate_window import RateWindow
from ui.hardening.refusal import Refusals
from ui.hardening.request_id import RequestId
from ui.hardening.request_time import RequestTime
from ui.hardening.security_headers import SecurityHeaders
from ui.settings import WebSettings


def harden(app: ASGIApp, settings: WebSettings) -> ASGIApp:
    """`app` behind everything of this package, as an ASGI application.

    The last line is the outermost: who asks is known before it is logged, every answer of what lies below has its id,
    its log line and its headers, and a request that is refused costs no more than it must.
    """
    hardened: ASGIApp = JsonBody(app, settings.max_json_depth)
    hardened = BodyPace(hardened, settings.body_timeout, settings.min_body_rate)
    hardened = BodyLimit(hardened, settings.max_body_mb)
    hardened = RequestTime(hardened, settings.request_timeout, settings.send_timeout)
    window = RateWindow(settings.rate_limit, settings.rate_limit_storage.get_secret_value())
    hardened = RateLimit(hardened, window, API)
    hardened = Concurrency(hardened, settings.max_connections_per_client)
    hardened = Refusals(hardened)
    hardened = SecurityHeaders(hardened, settings.hsts_max_age)
    hardened = AccessLog(hardened)
    hardened = RequestId(hardened)
    hardened = ClientAddress(hardened, settings.trusted_proxies)
    return _OnlyHttp(hardened, app)


class _OnlyHttp:
    """Hands starting and stopping to the application as it is, and closes WebSockets: nothing here guards them."""

    def __init__(self, hardened: ASGIApp, app: ASGIApp) -> None:
        self.hardened = hardened
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self.hardened(scope, receive, send)
            case "lifespan":
                await self.app(scope, receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1003})
