"""Rules of our own for what regex engines leave out: environment defaults and literal assignments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from agents.engines.secret_values import is_placeholder, is_secret_name, is_wordy

ENVIRONMENT_DEFAULT = "environment-default"
HARD_CODED = "hard-coded-secret"


@dataclass(frozen=True)
class Literal:
    """A secret written into the source. `line` and `column` count from 1."""

    rule: str
    name: str
    value: str
    line: int
    column: int


_MENTION = re.compile(r"pass|pwd|secret|token|credential|key|_pw", re.IGNORECASE)


def find(file: str, text: str) -> list[Literal]:
    """Every literal secret in `text`; how it is read depends on the kind of `file`."""
    if not _MENTION.search(text):
        return []
    path = PurePosixPath(file)
    suffix = path.suffix.lower()
    if suffix in {".py", ".pyw"}:
        return list(_python(text))
    if suffix in _SCRIPTS:
        return list(_script(text))
    if suffix in _CONFIGS or path.name.lower().startswith(".env") or path.name == "Dockerfile":
        return list(_config(text))
    return []


_ENVIRONMENT_CALLS = frozenset({"getenv", "environ.get", "environ.setdefault", "environ.pop"})
_SETTING_CALLS = frozenset({"env", "env.str", "config", "decouple.config", "environ.str"})


def _python(text: str) -> Iterator[Literal]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _python_call(node)
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            yield from _python_or(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from _python_pair(_target(target), node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                yield from _python_pair(_string(key), value)


def _python_call(node: ast.Call) -> Iterator[Literal]:
    called = _dotted(node.func)
    tail = ".".join(called.split(".")[-2:])
    default = node.args[1] if len(node.args) > 1 else None
    for keyword in node.keywords:
        if keyword.arg == "default":
            default = keyword.value
        elif keyword.arg:
            yield from _python_pair(keyword.arg, keyword.value)
    if node.args and (tail in _ENVIRONMENT_CALLS | _SETTING_CALLS or called.endswith("getenv")):
        yield from _environment(_string(node.args[0]), default)


def _python_or(node: ast.BoolOp) -> Iterator[Literal]:
    name = _environment_name(node.values[0])
    for value in node.values[1:]:
        yield from _environment(name, value)


def _environment_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and node.args and _dotted(node.func).endswith(("getenv", "environ.get")):
        return _string(node.args[0])
    return None


def _environment(name: str | None, default: ast.expr | None) -> Iterator[Literal]:
    value = _string(default)
    if name and value and default is not None and is_secret_name(name) and _counts_as_default(value):
        yield Literal(ENVIRONMENT_DEFAULT, name, value, default.lineno, default.col_offset + 1)


def _python_pair(name: str | None, node: ast.expr | None) -> Iterator[Literal]:
    value = _string(node)
    if name and value and node is not None and is_secret_name(name) and _counts_as_secret(value):
        yield Literal(HARD_CODED, name, value, node.lineno, node.col_offset + 1)


def _string(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _target(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return _string(node.slice) if isinstance(node, ast.Subscript) else None


_SCRIPTS = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".php", ".rb"})
_CONFIGS = frozenset({".env", ".ini", ".cfg", ".conf", ".properties", ".toml", ".yml", ".yaml", ".sh", ".bash"})
_QUOTED = r"(?P<quote>['\"`])(?P<value>(?:\\.|(?!(?P=quote))[^\\\n])+)(?P=quote)"
_SCRIPT_DEFAULTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"process\.env(?:\.|\[\s*['\"])(?P<name>\w+)(?:['\"]\s*\])?\s*(?:\|\||\?\?)\s*{_QUOTED}",
        rf"import\.meta\.env\.(?P<name>\w+)\s*(?:\|\||\?\?)\s*{_QUOTED}",
        rf"\b(?:getenv|env|ENV\.fetch)\(\s*['\"](?P<name>\w+)['\"]\s*,\s*{_QUOTED}",
        rf"(?:getenv\(\s*['\"]|\$_(?:ENV|SERVER)\[['\"]|ENV\[['\"])(?P<name>\w+)['\"][\])]\s*(?:\?:|\?\?|\|\|)\s*{_QUOTED}",
    )
)
_DESTRUCTURED = re.compile(r"\{(?P<body>[^{}]*)\}\s*=\s*process\.env\b")
_DESTRUCTURED_DEFAULT = re.compile(rf"(?P<name>\w+)\s*(?::\s*\w+\s*)?=\s*{_QUOTED}")
_SCRIPT_PAIR = re.compile(
    rf"(?<![\w.$])['\"]?(?:[\w$]+\.)*(?P<name>[\w$]+)['\"]?\s*(?::\s*string\s*)?(?:=>|[:=])\s*{_QUOTED}\s*(?=[,;}})\]\n]|$)"
)
_COMMENT = re.compile(
    r"(?P<keep>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`)|/\*.*?\*/|(?<!:)//[^\n]*",
    re.DOTALL,
)


def _script(text: str) -> Iterator[Literal]:
    # Comments become blanks of the same length: places stay right.
    code = _COMMENT.sub(lambda m: m["keep"] or re.sub(r"[^\n]", " ", m[0]), text)
    for pattern in _SCRIPT_DEFAULTS:
        for match in pattern.finditer(code):
            yield from _matched(ENVIRONMENT_DEFAULT, code, match, 0)
    for block in _DESTRUCTURED.finditer(code):
        for match in _DESTRUCTURED_DEFAULT.finditer(block["body"]):
            yield from _matched(ENVIRONMENT_DEFAULT, code, match, block.start("body"))
    for match in _SCRIPT_PAIR.finditer(code):
        yield from _matched(HARD_CODED, code, match, 0)


_CONFIG_PAIR = re.compile(
    r"(?m)^[ \t]*(?:-[ \t]+)?(?:export[ \t]+|ENV[ \t]+|ARG[ \t]+)?['\"]?(?:[\w.\-]*\.)?"
    r"(?P<name>[\w\-]+)['\"]?[ \t]*[:=][ \t]*"
    r"(?:(?P<quote>['\"])(?P<quoted>[^'\"\n]+)(?P=quote)"
    r"|(?P<value>[^\s'\"#;\[{|>&*!][^\s#;]*))[ \t]*(?:[#;][^\n]*)?$"
)
_SHELL_DEFAULT = re.compile(r"\$\{(?P<name>\w+):?-(?P<value>[^}$\n]+)\}")


def _config(text: str) -> Iterator[Literal]:
    for match in _SHELL_DEFAULT.finditer(text):
        yield from _matched(ENVIRONMENT_DEFAULT, text, match, 0)
    for match in _CONFIG_PAIR.finditer(text):
        yield from _matched(HARD_CODED, text, match, 0)


def _matched(rule: str, text: str, match: re.Match[str], offset: int) -> Iterator[Literal]:
    group = "quoted" if "quoted" in match.re.groupindex and match["quoted"] is not None else "value"
    name, value = match["name"], match[group]
    counts = _counts_as_default if rule == ENVIRONMENT_DEFAULT else _counts_as_secret
    if is_secret_name(name) and counts(value):
        start = offset + match.start(group)
        line = text.count("\n", 0, start) + 1
        yield Literal(rule, name, value, line, start - (text.rfind("\n", 0, start) + 1) + 1)


_NO_DEFAULT = re.compile(
    r"\$\{|\{\{|^<.*>$|^https?://[^@]*$|^\.{0,2}/|^\d+$|^(?:none|null|true|false|undefined|unset|disabled)$",
    re.IGNORECASE,
)


def _counts_as_default(value: str) -> bool:
    # A weak default such as 'secret' is worse, not better: it is what runs when nobody sets the variable.
    bare = value.strip()
    return len(bare) >= 3 and not _NO_DEFAULT.search(bare)


def _counts_as_secret(value: str) -> bool:
    return len(value.strip()) >= 8 and not is_placeholder(value) and not is_wordy(value)
