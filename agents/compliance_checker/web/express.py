"""Express, and Nest on Express: applications, helmet in every wrapping, own headers, cookie flags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from agents.compliance_checker.text import line_at
from agents.compliance_checker.web import headers, javascript
from agents.compliance_checker.web.headers import CSP, FRAME, HSTS, NOSNIFF, REFERRER, Cookie, Site
from agents.compliance_checker.web.javascript import Source
from agents.contract.workspace import Workspace
from agents.engines.secret_values import is_generated_place, is_sample_place

_SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_HELMET = {
    CSP: ("contentSecurityPolicy",),
    HSTS: ("hsts", "strictTransportSecurity"),
    FRAME: ("frameguard", "xFrameOptions"),
    NOSNIFF: ("noSniff", "xContentTypeOptions"),
    REFERRER: ("referrerPolicy",),
}
_SESSION = re.compile(r"^\s*['\"`][^'\"`]*(?:sess|sid|auth|token|jwt)[^'\"`]*['\"`]", re.IGNORECASE)


def find(workspace: Workspace, files: Iterable[str]) -> list[Site]:
    """One site per application that is created and served in a package of the repository."""
    packages: dict[str, dict[str, Source]] = {}
    texts: dict[str, str] = {}
    roots = {PurePosixPath(file).parent.as_posix() for file in workspace.find("package.json")}
    for file in files:
        if not file.endswith(_SUFFIXES) or is_sample_place(file) or is_generated_place(file):
            continue
        text = workspace.read_text(file)
        if text and re.search(r"express|helmet|NestFactory|setHeader|\.listen|Security-Policy|X-Frame|cookie", text):
            texts[file] = text
            root = next((p.as_posix() for p in PurePosixPath(file).parents if p.as_posix() in roots), ".")
            packages.setdefault(root, {})[file] = javascript.read(text)
    return [site for root, sources in packages.items() for site in _package(workspace, root, sources)]


def _package(workspace: Workspace, root: str, sources: dict[str, Source]) -> list[Site]:
    if not _depends_on_express(workspace, root):
        return []
    if not any(re.search(r"\.listen\s*\(|\bcreateServer\s*\(|\bserverless\w*\s*\(", s.bare) for s in sources.values()):
        return []
    present = {name for source in sources.values() for name in _set_here(source)}
    sites = []
    for file, source in sources.items():
        created = _created(source)
        if created is not None:
            framework, offset = created
            sites.append(Site(file, framework, line_at(source.code, offset), set(present)))
    for file, source in sources.items():
        for site in sites[:1]:
            site.cookies += _cookies(file, source)
    return sites


def _depends_on_express(workspace: Workspace, root: str) -> bool:
    file = "package.json" if root == "." else f"{root}/package.json"
    text = workspace.read_text(file) if workspace.path(file).is_file() else None
    if text is None:
        return True
    try:
        data = json.loads(text)
        wanted = data.get("dependencies") or {}
        return data.get("name") != "express" and bool({"express", "@nestjs/core", "@nestjs/platform-express"} & set(wanted))
    except (ValueError, AttributeError, TypeError):
        return True


def _created(source: Source) -> tuple[str, int] | None:
    for name in javascript.imported(source, "express"):
        for match in re.finditer(rf"(?:=|\breturn|\bexport\s+default|[(:,])\s*{name}\s*\(\s*\)", source.bare):
            return "express", match.start()
    nest = re.search(r"\bNestFactory\s*\.\s*create\b", source.bare)
    return ("nest", nest.start()) if nest and "FastifyAdapter" not in source.bare else None


def _set_here(source: Source) -> set[str]:
    present: set[str] = set()
    for name in javascript.imported(source, "helmet"):
        for call in javascript.calls(source, rf"(?<![\w.$]){name}"):
            off = set(re.findall(r"\b(\w+)\s*:\s*false\b", call.arguments))
            present |= {header for header, options in _HELMET.items() if not off.intersection(options)}
        for header, options in _HELMET.items():
            if any(True for _ in javascript.calls(source, rf"(?<![\w.$]){name}\s*\.\s*(?:{'|'.join(options)})")):
                present.add(header)
    for match in re.finditer(r"(['\"`])([A-Za-z-]{10,40})\1\s*(?=[,:\]])", source.code):
        named = headers.known(match[2])
        if named and not re.search(r"(?:removeHeader|getHeader|\.get)\s*\(\s*$", source.code[: match.start()][-40:]):
            present.add(named)
            present |= headers.frames_in(source.code[match.end() : match.end() + 2000]) if named == CSP else set()
    return present


def _cookies(file: str, source: Source) -> list[Cookie]:
    found = []
    calls = [(call, True) for call in javascript.calls(source, r"\.\s*cookie") if _SESSION.match(call.arguments)]
    for name in javascript.imported(source, "express-session") | javascript.imported(source, "cookie-session"):
        calls += [(call, False) for call in javascript.calls(source, rf"(?<![\w.$]){name}")]
    for call, plain in calls:
        for flag, cookie_option in (("HttpOnly", "httpOnly"), ("Secure", "secure")):
            off = re.search(rf"\b{cookie_option}\s*:\s*false\b", call.arguments)
            # A bare `res.cookie(name, value)` has neither flag; options given by name can't be seen here.
            missing = plain and re.fullmatch(r"[^,{]*,[^,{]*", call.arguments.strip())
            if off or missing:
                found.append(Cookie(flag, file, line_at(source.code, call.offset), "session cookie"))
    return found
