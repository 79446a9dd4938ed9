"""Headers that tell browsers what not to do with an answer."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.content_security import NOTHING, page_policy, script_hashes
from ui.hardening.paths import API, is_below

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}

PUBLIC = ("/assets", "/static", "/theme.css", "/favicon.ico", "/manifest.json")
"""What holds nobody's data and may be kept by browsers: files of the page's library."""

API_DOCS = f"{API}/docs"

MAX_DOCUMENT = 8 << 20
"""Bytes of a document whose scripts are looked for; a larger one is sent, and its inline scripts don't run."""


class SecurityHeaders:
    """Sets the headers on every answer: a policy for the page, a stricter one for the API, HSTS where TLS is spoken.

    Answers of the API, and what the page shows, are kept in no cache.
    """

    def __init__(self, app: ASGIApp, hsts_max_age: int) -> None:
        self.app = app
        self.hsts_max_age = hsts_max_age

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with the headers on its answer."""
        held: Message | None = None
        document = bytearray()

        async def guarded(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                self._set(scope, MutableHeaders(scope=message))
                if _is_document(scope, Headers(raw=message["headers"])):
                    held = message  # its policy names its scripts, which are yet to come
                    return
            elif held:
                document.extend(message.get("body", b""))
                more = message.get("more_body", False)
                if more and len(document) <= MAX_DOCUMENT:
                    return
                if not more and scope["method"] != "HEAD":
                    MutableHeaders(scope=held)["Content-Security-Policy"] = page_policy(script_hashes(bytes(document)))
                await send(held)
                held = None
                message = {"type": "http.response.body", "body": bytes(document), "more_body": more}
            await send(message)

        await self.app(scope, receive, guarded)

    def _set(self, scope: Scope, headers: MutableHeaders) -> None:
        headers.update(ALWAYS)
        in_api = is_below(scope, API)
        headers["Content-Security-Policy"] = page_policy() if not in_api or scope["path"] == API_DOCS else NOTHING
        if in_api or not any(is_below(scope, public) for public in PUBLIC):
            headers["Cache-Control"] = "no-store"
        if self.hsts_max_age and scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = f"max-age={self.hsts_max_age}"


def _is_document(scope: Scope, headers: Headers) -> bool:
    """Whether the answer is a page of ours: only such a one's scripts are allowed, never those of a file somebody made."""
    if is_below(scope, API) and scope["path"] != API_DOCS:
        return False
    if is_below(scope, "/gradio_api") or "content-disposition" in headers or "content-encoding" in headers:
        return False
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"
