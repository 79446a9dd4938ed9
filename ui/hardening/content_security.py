"""Content-Security-Policy: what a browser may load and run for the page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

INLINE_SCRIPT = re.compile(rb"<script(?=[\s/>])(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""For answers that are no page: a browser that is led to show one runs and loads nothing."""


def page_policy(script_hashes: Iterable[str] = ()) -> str:
    """The policy of the page, with the `script_hashes` of the scripts that its document carries.

    The sources are what Gradio needs, measured in a browser (`tests/browser/test_content_security.py`): it sets styles
    inline, draws pictures from `data:` and `blob:`, and its HTML and plot components compile templates with `eval`.
    Everything comes from the page's own origin, and a script or an event handler that is put into the page later does
    not run: what is compiled is handed to `eval` by the page's own files alone.
    """
    directives = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", "'unsafe-eval'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' data: blob:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def script_hashes(document: bytes) -> list[str]:
    """The CSP sources of the inline scripts in the HTML `document`, in their order, each once."""
    found = (hashlib.sha256(_as_parsed(script)).digest() for script in INLINE_SCRIPT.findall(document))
    return list(dict.fromkeys(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found))


def _as_parsed(script: bytes) -> bytes:
    """The text as a browser hashes it: HTML parsers make one line feed of each line end."""
    return script.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
