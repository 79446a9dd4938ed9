"""Judging names, values and places: does this look like a secret, and is it one that matters?"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SECRET_WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "pass", "secret", "token", "apikey", "secretkey",
     "credential", "credentials", "pw", "authtoken", "accesstoken"}
)  # fmt: skip
_KEY_OWNERS = frozenset(
    {"api", "secret", "private", "encryption", "access", "signing", "master", "auth", "jwt", "session",
     "cookie", "crypto", "account", "storage", "hmac", "signature", "deploy", "service", "webhook"}
)  # fmt: skip
_NOT_SECRET_OWNERS = frozenset(
    {"public", "pub", "csrf", "xsrf", "page", "next", "cursor", "cancel", "cancellation", "sync",
     "lexer", "parser", "sort", "primary", "foreign", "cache", "publishable", "site", "css", "design",
     "end", "start", "eof", "continuation", "stop", "pad", "unk", "bos", "eos", "mask", "reset", "show",
     "hide", "forgot"}
)  # fmt: skip
_QUALIFIERS = frozenset(
    {"default", "dev", "development", "prod", "production", "staging", "local", "value", "string", "str",
     "hex", "base64", "b64", "plain", "old", "new", "root", "admin", "v1", "v2"}
)  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_secret_name(name: str) -> bool:
    """Whether a variable, key or environment name says that its value is secret (`JWT_SECRET`, `dbPassword`).

    The last word decides, so that `TOKEN_URL`, `password_field` and `KEY_ID` are not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words.pop()
    if not words or _NOT_SECRET_OWNERS & set(words):
        return False
    if words[-1] in {"key", "keys"}:
        return len(words) > 1 and words[-2] in _KEY_OWNERS
    return words[-1] in _SECRET_WORDS


_PLACEHOLDER_PARTS = re.compile(
    r"example|change[-_ ]?(?:me|it|this)|placeholder|your[-_ ]|^your|[-_]here$|dummy|fake|sample"
    r"|redact|replace"
    r"|insert|todo|fixme|foo[-_]?bar|x{4,}|\*{3,}|\.{3}|lorem|not[-_]?(?:a[-_]?)?(?:secret|real)|^my[-_]?"
    r"(?:secret|pass|token|key)|12345|qwerty|letmein|abcdef|deadbeef|correct horse|^(?:some|any|the)[-_]",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"<[^<>]*>|\$\{?[A-Za-z_(]|\$\$|\{\{|\{%|%\(|%[A-Za-z_]+%|\{[A-Za-z_0-9.]*\}|@[A-Z_]+@|%s|#\{|\[\[")
_COMMON = frozenset(
    {"password", "passwd", "pass", "pwd", "secret", "token", "none", "null", "nil", "true", "false",
     "undefined", "test", "testing", "tests", "string", "str", "text", "root", "admin", "administrator",
     "user", "guest", "postgres", "mysql", "mongo", "redis", "default", "required", "optional", "empty",
     "unset", "hidden", "masked", "key", "value", "apikey", "credentials", "private", "public", "bearer",
     "basic", "digest", "oauth", "jwt", "username", "sha256", "sha512", "bcrypt", "argon2", "number",
     "boolean", "object", "char", "varchar", "input", "foo", "bar", "baz", "abc", "abcd", "abcde",
     "spam", "swordfish", "blank", "disabled", "enabled", "unknown", "missing", "wrong", "invalid",
     "incorrect", "anonymous", "demo", "temp", "local", "localhost", "development"}
)  # fmt: skip


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for a secret: `changeme`, `<token>`, `${VAR}`, `xxxx`, `test`."""
    bare = value.strip().strip("'\"`")
    core = re.sub(r"[^a-z0-9]", "", bare.lower())
    if len(set(core)) <= 2 or core.rstrip("0123456789") in _COMMON:
        return True
    if all(word in _COMMON for word in re.findall(r"[a-z]+", bare.lower())) and not re.search(r"\d{3}", bare):
        return True
    return bool(_PLACEHOLDER_PARTS.search(bare) or _TEMPLATE.search(bare))


def is_sample_key(value: str) -> bool:
    """Whether documentation made this provider's key up: `AKIAIOSFODNN7EXAMPLE`, one letter repeated."""
    return bool(re.search(r"EXAMPLE|x{6,}|0{8,}|\.{3}|\*{3,}|(.)\1{7,}", value, re.IGNORECASE))


_IDENTIFIER = re.compile(r"^[A-Za-z_$][A-Za-z]*(?:(?:[_.:\-/\s]|::|->)+[A-Za-z()\[\]]*)*[?!.:;]*$")


def _is_drawn(value: str) -> bool:
    """Whether a value looks drawn by lot: both cases and digits change places every few characters, as in no name."""
    runs = [run for run in _WORD.findall(value) if not run.isdigit()]
    mixed = re.search(r"[a-z]", value) and re.search(r"[A-Z]", value) and re.search(r"\d", value)
    return bool(mixed) and len(value) >= 12 and sum(map(len, runs)) < 3 * len(runs)


def is_wordy(value: str) -> bool:
    """Whether a value is words, a path, a URL, a number or an expression, as no generated secret is."""
    bare = value.strip()
    if _IDENTIFIER.match(bare) or re.fullmatch(r"[\d.,:+\-\s]+", bare):
        # A run of letters of both cases without separators may be a token; words seldom pass 24 letters.
        return not (re.fullmatch(r"[A-Za-z]{24,}", bare) and bare.lower() != bare and bare.upper() != bare)
    if re.fullmatch(r"/[\w+/]{22,}={1,2}|[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)+", bare) and _is_drawn(bare):
        return False  # base64 that begins with a slash is no path, a password with a dot no expression
    if re.match(r"^(?:\.{0,2}/|[A-Za-z]:\\|~/|https?://[^@]*$|[\^~>=<*]*\d+\.\d+[\w.\-]*$)", bare):
        return True
    return bare.count(" ") >= 2 or bool(re.search(r"[\w)]\(.*\)|=>|\w\[.*\]|^\w+(?:\.\w+)+$", bare) and "@" not in bare)


_SAMPLE_FOLDERS = frozenset(
    {"test", "tests", "testing", "__tests__", "spec", "specs", "fixtures", "__fixtures__", "fixture",
     "testdata", "test_data", "mocks", "__mocks__", "mock", "e2e", "cypress", "doc", "docs",
     "documentation", "example", "examples", "sample", "samples", "demo", "demos", "tutorial",
     "tutorials", "benchmark", "benchmarks"}
)  # fmt: skip
_SAMPLE_NAME = re.compile(
    r"^test_|^tests?\.|_tests?\.|[.\-_](?:test|spec|mock|fixture|stories)s?\.|^conftest\.py$|Tests?\.(?:java|cs|kt|php|swift)$"
    r"|(?:^|[.\-_])(?:example|sample|template|tmpl|dist|tpl)(?:[.\-_]|$)|\.(?:md|rst|adoc|mdx)$|^(?:changelog|readme|history)",
    re.IGNORECASE,
)
_LOCK_NAME = re.compile(
    r"(?:\.lock|[-.]lock\.(?:json|ya?ml)|\.sum|-shrinkwrap\.json|\.min\.js|\.min\.css|\.map|\.svg)$",
    re.IGNORECASE,
)
_TRANSLATION = re.compile(
    r"(?:^|/)(?:i18n|locales?|lang|langs|languages|translations?|messages|l10n)(?:/|\.)"
    r"|\.(?:po|pot|arb|strings|resx)$",
    re.IGNORECASE,
)


def is_sample_place(file: str) -> bool:
    """Whether `file` is a test, fixture, document or example: generic hits there are made up."""
    path = PurePosixPath(file)
    return bool(_SAMPLE_FOLDERS.intersection(part.lower() for part in path.parts[:-1]) or _SAMPLE_NAME.search(path.name))


def is_generated_place(file: str) -> bool:
    """Whether `file` is a lock file, bundle or translation catalogue: hashes and words, not secrets."""
    return bool(_LOCK_NAME.search(file) or _TRANSLATION.search(file))
