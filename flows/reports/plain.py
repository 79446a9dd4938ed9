"""Text from a repository or an agent, made harmless to show.

A finding quotes code that nobody trusts: an escape sequence in it could repaint the terminal, a bidi
control could show code in another order than it runs (https://trojansource.codes), and an address
could carry a password. What is dangerous is written out (`\\x1b`, `\\u202e`) instead of dropped, so
that a reader sees it was there.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_UNSEEN = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
"""Bidi controls, invisible characters that hide text, and lone surrogates (no UTF-8 can carry them)."""

_ACTIVE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_UNSEEN}]")
_ACTIVE_BUT_TAB = re.compile(f"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029{_UNSEEN}]")
_ACTIVE_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{_UNSEEN}]")
_SPACE = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_USERINFO = re.compile(r"://[^\s/?#\"'<>\\]*@")
_SCHEMES = frozenset({"http", "https", "ssh", "git"})


def line(text: str) -> str:
    """`text` on one line: breaks and tabs become a space, other controls are written out, no credentials."""
    shown = without_credentials(text)
    if shown.isprintable():
        return shown.strip()  # nearly always, and six times as fast; no active character is printable
    return _ACTIVE.sub(_written_out, _SPACE.sub(" ", shown).strip())


def exactly(text: str) -> str:
    """A line of code as it is, for who must know every character of it: only tabs stay, other controls are written out."""
    return _ACTIVE_BUT_TAB.sub(_written_out, text)


def without_credentials(text: str) -> str:
    """`text` with `user:password@` taken out of every address in it."""
    return _USERINFO.sub("://", text) if "://" in text else text


def address(repository: str) -> str | None:
    """The git or web address without user, query and fragment; None when it is a path or unsound."""
    try:
        parts = urlsplit(repository)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not re.fullmatch(r"[A-Za-z0-9.-]+", parts.hostname or ""):
        return None
    path = re.sub(r"[^A-Za-z0-9._~/%+@:-]", lambda found: _percent(found.group()), parts.path)
    return urlunsplit((parts.scheme, f"{parts.hostname}{port}", path, "", ""))


def inert_json(document: str) -> str:
    """The same JSON, active characters as `\\uXXXX`, no credentials: safe to print on a terminal."""
    return escaped_json(without_credentials(document))


def escaped_json(document: str) -> str:
    """The very same values, active characters as `\\uXXXX`."""
    return _ACTIVE_IN_JSON.sub(_json_escape, document)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
