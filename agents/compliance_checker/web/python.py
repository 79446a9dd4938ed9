"""Flask, FastAPI and Django: applications and settings modules, read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from agents.compliance_checker.web import headers
from agents.compliance_checker.web.headers import (
    CSP,
    FRAME,
    HSTS,
    NAMES,
    NOSNIFF,
    PERMISSIONS,
    REFERRER,
    Cookie,
    Site,
)
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace
from agents.engines.secret_values import is_sample_place

_MIDDLEWARE = {
    "SecurityMiddleware": {NOSNIFF, REFERRER},
    "XFrameOptionsMiddleware": {FRAME},
    "CSPMiddleware": {CSP},
    "ContentSecurityPolicyMiddleware": {CSP},
    "PermissionsPolicyMiddleware": {PERMISSIONS},
}
_TALISMAN = {
    CSP: "content_security_policy",
    HSTS: "strict_transport_security",
    FRAME: "frame_options",
    NOSNIFF: "x_content_type_options",
    REFERRER: "referrer_policy",
    PERMISSIONS: "permissions_policy",
}
"""https://github.com/wntrblm/flask-talisman#options: a false value switches the header off."""
_FRAMEWORKS = {"Flask": "flask", "FastAPI": "fastapi", "Starlette": "starlette", "Quart": "quart"}


@dataclass
class Module:
    """One parsed file: names assigned (also in `app.config`), headers named, the application created."""

    file: str
    tree: ast.Module
    assigned: dict[str, ast.expr] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    created: tuple[str, int] | None = None


def find(workspace: Workspace, files: Iterable[str]) -> list[Site]:
    """One site per module that creates an application, and one per folder of Django settings."""
    modules = [module for file in files if (module := _module(workspace, file))]
    present = {name for module in modules for name in module.present}
    assigned = {name: value for module in modules for name, value in module.assigned.items()}
    sites = []
    for module in modules:
        if module.created:
            framework, line = module.created
            site = Site(module.file, framework, line, set(present))
            if framework == "flask":
                site.cookies = _flask_cookies(module, assigned)
            sites.append(site)
    if any(not is_sample_place(file) for file in workspace.find("manage.py")):
        sites += _django(modules, present)
    return sites


def _module(workspace: Workspace, file: str) -> Module | None:
    if not file.endswith(".py") or is_sample_place(file):
        return None
    text = workspace.read_text(file)
    if not text or not any(
        word in text
        for word in (
            "lask",
            "FastAPI",
            "tarlette",
            "Quart",
            "MIDDLEWARE",
            "SECURE_",
            "olicy",
            "X-",
            "COOKIE",
            "Talisman",
        )
    ):
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        workspace.note(NoteKind.UNPARSABLE, file, f"{type(error).__name__}: {error}"[:300])
        return None
    module = Module(file, tree)
    imports = _imports(tree)
    for node in ast.walk(tree):
        _learn(module, node, imports)
    return module


def _imports(tree: ast.Module) -> dict[str, str]:
    """Local name → dotted origin."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            found.update({alias.asname or alias.name: alias.name for alias in node.names})
    return found


def _learn(module: Module, node: ast.AST, imports: dict[str, str]) -> None:
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if name := _name(target):
                module.assigned[name] = node.value
    elif isinstance(node, ast.Call):
        origin = _origin(node.func, imports)
        framework = _FRAMEWORKS.get(origin.rpartition(".")[2])
        if framework and origin.startswith(framework + ".") and module.created is None:
            module.created = (framework, node.lineno)
        if origin.startswith("flask_talisman.") or origin.endswith(".Talisman"):
            module.present |= _of_talisman(node, module.tree)
        for keyword in node.keywords:
            if keyword.arg and keyword.arg.isupper():
                module.assigned[keyword.arg] = keyword.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (header := headers.known(node.value)):
        module.present.add(header)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 4000 and ";" in node.value:
        module.present.update(headers.frames_in(node.value))


def _of_talisman(made: ast.Call, tree: ast.Module) -> set[str]:
    """What flask-talisman sets: all but what its options switch off, where it is made or where it meets the application."""
    calls = [made]
    if not made.args:
        calls += [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "init_app"]
    off = {keyword.arg for call in calls for keyword in call.keywords if _is_off(keyword.value)}
    return {name for name in NAMES if _TALISMAN.get(name) not in off}


def _origin(node: ast.expr, imports: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_origin(node.value, imports)}.{node.attr}"
    return imports.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _name(target: ast.expr) -> str | None:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return target.id if isinstance(target, ast.Name) else None


def _is_off(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def _flask_cookies(module: Module, assigned: dict[str, ast.expr]) -> list[Cookie]:
    line = module.created[1] if module.created else 1
    found = []
    if "SESSION_COOKIE_SECURE" not in assigned or _is_off(assigned["SESSION_COOKIE_SECURE"]):
        used = any(isinstance(n, ast.Name) and n.id == "session" for n in ast.walk(module.tree))
        if used or "SECRET_KEY" in assigned:
            found.append(Cookie("Secure", module.file, line, "SESSION_COOKIE_SECURE"))
    if _is_off(assigned.get("SESSION_COOKIE_HTTPONLY")):
        found.append(Cookie("HttpOnly", module.file, line, "SESSION_COOKIE_HTTPONLY"))
    return found


def _django(modules: list[Module], elsewhere: set[str]) -> Iterator[Site]:
    folders: dict[str, list[Module]] = {}
    for module in modules:
        folders.setdefault(PurePosixPath(module.file).parent.as_posix(), []).append(module)
    for members in folders.values():
        main = next(
            (m for m in members if "MIDDLEWARE" in m.assigned and {"ROOT_URLCONF", "INSTALLED_APPS"} & set(m.assigned)),
            None,
        )
        if main is None:
            continue
        settings = {name: value for member in members for name, value in member.assigned.items()}
        line = main.assigned["MIDDLEWARE"].lineno
        names = {
            node.value.rpartition(".")[2]
            for member in members
            for node in ast.walk(member.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith("Middleware")
        }
        present = {header for name in names for header in _MIDDLEWARE.get(name, ())} | elsewhere
        if "SecurityMiddleware" in names and not _is_off(settings.get("SECURE_HSTS_SECONDS", ast.Constant(0))):
            present.add(HSTS)
        for setting, header in (
            ("SECURE_CONTENT_TYPE_NOSNIFF", NOSNIFF),
            ("SECURE_REFERRER_POLICY", REFERRER),
        ):
            if _is_off(settings.get(setting)):
                present.discard(header)
        cookies = [
            Cookie("Secure", main.file, line, setting)
            for setting in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
            if _is_off(settings.get(setting, ast.Constant(None)))
        ]
        if _is_off(settings.get("SESSION_COOKIE_HTTPONLY")):
            cookies.append(
                Cookie(
                    "HttpOnly",
                    main.file,
                    settings["SESSION_COOKIE_HTTPONLY"].lineno,
                    "SESSION_COOKIE_HTTPONLY",
                )
            )
        yield Site(main.file, "django", line, present, cookies)
