"""Made-up credentials in their providers' exact form, the same for the same seed.

They are made when the corpus is written out, so that the repository itself holds none: checksums are right
(GitHub, npm), keys decode as keys, tokens are signed. None was ever issued by anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import string
import zlib
from collections.abc import Callable
from random import Random

ALNUM = string.ascii_letters + string.digits
_PLACE = re.compile(r"<<([a-z0-9-]+)>>")
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def fill(text: str, seed: str) -> str:
    """`text` with every `<<name>>` replaced by a credential of that name. Raises KeyError on an unknown name."""
    count = 0

    def made(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return MAKERS[match[1]](Random(f"{seed}:{count}:{match[1]}"))

    return _PLACE.sub(made, text)


def _of(alphabet: str, length: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(alphabet, k=length))


def _text(random: Random, alphabet: str, length: int) -> str:
    return _of(alphabet, length)(random)


def _hex(random: Random, length: int) -> str:
    return _text(random, "0123456789abcdef", length)


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _b64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _with_checksum(prefix: str) -> Callable[[Random], str]:
    """GitHub's form, which npm shares: 30 characters and the CRC-32 of them in base 62, six characters wide."""

    def made(random: Random) -> str:
        body = _text(random, ALNUM, 30)
        crc, digits = zlib.crc32(body.encode()), ""
        while crc:
            crc, digit = divmod(crc, 62)
            digits = _BASE62[digit] + digits
        return prefix + body + digits.rjust(6, "0")

    return made


def _password(random: Random) -> str:
    """As people's password managers make them; a digit, both cases and a sign for certain."""
    body = list(_text(random, ALNUM, 13) + random.choice(string.digits) + random.choice("!*.") + random.choice("KRTX") + "q")
    random.shuffle(body)
    return "w" + "".join(body)


def _jwt(random: Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": _hex(random, 12), "iat": random.randint(1_700_000_000, 1_760_000_000)}]
    signed = ".".join(_b64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_b64url(hmac.digest(random.randbytes(32), signed.encode(), hashlib.sha256))}"


def _pypi(random: Random) -> str:
    """A macaroon in its binary form: location, identifier, one caveat, signature."""
    identifier = f"{_hex(random, 8)}-{_hex(random, 4)}-4{_hex(random, 3)}-9{_hex(random, 3)}-{_hex(random, 12)}".encode()
    caveat = b'[3,"' + identifier + b'"]'
    packet = (
        b"\x02\x01\x08pypi.org\x02" + bytes([len(identifier)]) + identifier + b"\x00\x02" + bytes([len(caveat)]) + caveat
    )
    return "pypi-" + _b64url(packet + b"\x00\x00\x06\x20" + random.randbytes(32))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _pem(kind: str, content: bytes) -> str:
    body = _b64(content)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])


def _prime(random: Random, bits: int) -> int:
    while True:
        number = random.getrandbits(bits) | (3 << (bits - 2)) | 1
        # Fermat to a few bases: good enough for a key that nobody will ever use.
        if all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11)) and (number - 1) % 65537:
            return number


def _rsa(random: Random) -> str:
    p, q, e = _prime(random, 512), _prime(random, 512), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = (0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    return _pem("RSA PRIVATE KEY", _der(0x30, b"".join(map(_integer, numbers))))


def _ec(random: Random) -> str:
    """RFC 5915 on P-256, without the optional public key."""
    curve = _der(0xA0, bytes.fromhex("06082a8648ce3d030107"))
    return _pem("EC PRIVATE KEY", _der(0x30, _integer(1) + _der(4, random.randbytes(32)) + curve))


MAKERS: dict[str, Callable[[Random], str]] = {
    "anthropic-key": lambda r: "sk-ant-api03-" + _text(r, ALNUM + "_-", 93) + "AA",
    "aws-access-key-id": lambda r: "AKIA" + _text(r, string.ascii_uppercase + "234567", 16),
    "aws-secret-access-key": _of(ALNUM + "+/", 40),
    "azure-client-secret": lambda r: _text(r, ALNUM, 3) + "8Q~" + _text(r, ALNUM + "_.~-", 34),
    "base64-44": lambda r: _b64(r.randbytes(32)),
    "base64-88": lambda r: _b64(r.randbytes(64)),
    "base64-password": lambda r: _b64(_password(r).encode()),
    "basic-auth": lambda r: _b64(f"courier:{_password(r)}".encode()),
    "digitalocean-token": lambda r: "dop_v1_" + _hex(r, 64),
    "django-secret-key": _of(string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)", 50),
    "docker-token": lambda r: "dckr_pat_" + _text(r, ALNUM + "_-", 27),
    "ec-private-key": _ec,
    "github-fine-grained": lambda r: f"github_pat_{_text(r, ALNUM, 22)}_{_text(r, ALNUM, 59)}",
    "github-token": _with_checksum("ghp_"),
    "gitlab-token": lambda r: "glpat-" + _text(r, ALNUM + "_-", 20),
    "google-api-key": lambda r: "AIzaSy" + _text(r, ALNUM + "_-", 33),
    "hex-32": _of("0123456789abcdef", 32),
    "hex-40": _of("0123456789abcdef", 40),
    "hex-64": _of("0123456789abcdef", 64),
    "huggingface-token": lambda r: "hf_" + _text(r, string.ascii_letters, 34),
    "jwt": _jwt,
    "linear-key": lambda r: "lin_api_" + _text(r, ALNUM, 40),
    "npm-token": _with_checksum("npm_"),
    "openai-key": lambda r: f"sk-{_text(r, ALNUM, 20)}T3BlbkFJ{_text(r, ALNUM, 20)}",
    "password": _password,
    "password-plain": lambda r: _text(r, string.ascii_letters, 6) + _text(r, string.digits, 3) + _text(r, ALNUM, 8),
    "pypi-token": _pypi,
    "rsa-private-key": _rsa,
    "sendgrid-key": lambda r: f"SG.{_text(r, ALNUM + '_-', 22)}.{_text(r, ALNUM + '_-', 43)}",
    "shopify-token": lambda r: "shpat_" + _hex(r, 32),
    "slack-bot-token": lambda r: f"xoxb-{_text(r, '123456789', 12)}-{_text(r, '123456789', 13)}-{_text(r, ALNUM, 24)}",
    "slack-webhook": lambda r: (
        "https://hooks.slack.com/services/T"
        + _text(r, string.ascii_uppercase + "0123456789", 10)
        + "/B"
        + _text(r, string.ascii_uppercase + "0123456789", 10)
        + "/"
        + _text(r, ALNUM, 24)
    ),
    "stripe-publishable-key": lambda r: "pk_live_" + _text(r, ALNUM, 24),
    "stripe-secret-key": lambda r: "sk_live_" + _text(r, ALNUM, 24),
    "telegram-token": lambda r: f"{r.randint(10**9, 10**10 - 1)}:AA{_text(r, ALNUM + '_-', 33)}",
}
