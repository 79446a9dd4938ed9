"""nginx, Apache, Netlify and Vercel: the headers their configuration files add."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from agents.compliance_checker.text import line_at
from agents.compliance_checker.web import headers
from agents.compliance_checker.web.headers import CSP, Site
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace
from agents.engines.secret_values import is_sample_place

_COMMENT = re.compile(r"(?m)^[ \t]*#[^\n]*|(?<=[\s;{}])#[^\n]*")


def find(workspace: Workspace, files: Iterable[str]) -> list[Site]:
    """One site per configuration that serves something."""
    sites: list[Site] = []
    for file in files:
        read = _reader(PurePosixPath(file))
        if read is None or is_sample_place(file):
            continue
        text = workspace.read_text(file)
        if text is None:
            continue
        try:
            sites += read(file, text)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            workspace.note(NoteKind.UNPARSABLE, file, f"{type(error).__name__}: {error}"[:300])
    return sites


def _reader(path: PurePosixPath) -> Callable[[str, str], Iterator[Site]] | None:
    name, folders = path.name.lower(), {part.lower() for part in path.parts[:-1]}
    if name.endswith((".conf", ".nginx", ".vhost")) or folders & {
        "nginx",
        "sites-available",
        "sites-enabled",
    }:
        return _server
    return {
        ".htaccess": _htaccess,
        "_headers": _netlify,
        "netlify.toml": _netlify_toml,
        "vercel.json": _vercel,
    }.get(name)


def _added(text: str, pattern: str) -> set[str]:
    present: set[str] = set()
    for match in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE):
        if header := headers.known(match["name"].strip("\"'")):
            present.add(header)
            present |= headers.frames_in(match["value"]) if header == CSP else set()
    return present


_NGINX = r"^\s*(?:more_set_headers\s+[\"']|add_header\s+)(?P<name>[\w-]+)[\"':\s]+(?P<value>[^;\n]*)"
_ADD_HEADER = r"^\s*add_header\s+(?P<name>[\w-]+)[\"':\s]+(?P<value>[^;\n]*)"
_MORE_HEADERS = r"^\s*more_set_headers\s+[\"'](?P<name>[\w-]+)[\"':\s]+(?P<value>[^;\n]*)"
_APACHE = (
    r"^\s*Header\s+(?:always\s+|onsuccess\s+)?(?:set|append|add|merge|setifempty)\s+"
    r"(?P<name>[\w\"'-]+)\s+(?P<value>.*)$"
)


def _server(file: str, text: str) -> Iterator[Site]:
    code = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    block = re.search(r"\bserver\s*\{", code)
    serves = re.search(r"^\s*(?:root|proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass)\s+\S", code, re.MULTILINE)
    if block and serves and re.search(r"\blisten\s+\S", code):
        dropped = _dropped(code)
        yield Site(file, "nginx", line_at(code, block.start()), _added(code, _NGINX) - dropped, fronts=True, dropped=dropped)
    elif _added(code, _NGINX):
        yield Site(file, "include", 1, _added(code, _NGINX), fronts=True)
    host = re.search(r"<VirtualHost\b", code, re.IGNORECASE)
    if host:
        yield Site(file, "apache", line_at(code, host.start()), _added(code, _APACHE), fronts=True)


def _dropped(code: str) -> frozenset[str]:
    """What `location /` lacks because of an `add_header` of its own: then it inherits none.

    https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header. Other locations mostly serve images and
    styles, where these headers matter little; what an included file adds can't be seen, so an include settles it.
    """
    dropped: set[str] = set()
    for start in re.finditer(r"\blocation\s+/\s*\{", code):
        body = _block(code, start.end())
        if re.search(r"^\s*add_header\s", body, re.MULTILINE) and not re.search(r"^\s*include\s", body, re.MULTILINE):
            inherited = _added(code[: start.start()] + code[start.end() + len(body) :], _ADD_HEADER)
            dropped |= inherited - _added(body, _NGINX)
    return frozenset(dropped - _added(code, _MORE_HEADERS))


def _block(code: str, start: int) -> str:
    """The text from `start`, just behind a brace, to where that brace is closed."""
    depth = 1
    for match in re.compile(r"[{}]").finditer(code, start):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return code[start : match.start()]
    return code[start:]


def _htaccess(file: str, text: str) -> Iterator[Site]:
    present = _added(_COMMENT.sub("", text), _APACHE)
    if present:
        yield Site(file, "apache", 1, present, fronts=True)


def _netlify(file: str, text: str) -> Iterator[Site]:
    yield Site(
        file,
        "netlify",
        1,
        _added(_COMMENT.sub("", text), r"^\s+(?P<name>[\w-]+)\s*:\s*(?P<value>.*)$"),
        fronts=True,
    )


def _netlify_toml(file: str, text: str) -> Iterator[Site]:
    data = tomllib.loads(text)
    values = {str(k): str(v) for block in data.get("headers", []) for k, v in block.get("values", {}).items()}
    yield Site(file, "netlify", 1, _named(values), fronts=True)


def _vercel(file: str, text: str) -> Iterator[Site]:
    data = json.loads(text)
    entries = [item for block in data.get("headers", []) for item in block.get("headers", [])]
    values = {str(item.get("key")): str(item.get("value")) for item in entries}
    yield Site(file, "vercel", 1, _named(values), fronts=True)


def _named(values: dict[str, str]) -> set[str]:
    present = {header for name in values if (header := headers.known(name))}
    policy = next((value for name, value in values.items() if headers.known(name) == CSP), "")
    return present | headers.frames_in(policy)
