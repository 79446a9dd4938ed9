"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import JsonValue, ValidationError
from pydantic_settings import SettingsError

from flows.errors import InvalidInputError
from flows.settings import RuntimeName, Settings, settings

if TYPE_CHECKING:
    from rich.console import Console

    from ui.oidc.settings import OidcSettings
    from ui.settings import WebSettings

T = TypeVar("T")

PIPED_WIDTH = 120

Repository = Annotated[
    str,
    typer.Option("--repository", "-r", help="Path or git URL of the repository.", show_default="this folder"),
]
Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        help="The tenant: whose run it is, or whose things are shown. [default: all; a new run's is `default`, or that of "
        "the kept workflow]",
    ),
]
Ref = Annotated[str, typer.Option("--ref", help="Branch, tag or commit.")]
Runtime = Annotated[
    RuntimeName | None,
    typer.Option("--runtime", help="What executes agents; auto takes docker when an engine answers."),
]


def tenant(workspace: str | None) -> str | None:
    """The workspace of that name, which there must be; None for all. Raises InvalidInputError, UnavailableError."""
    if workspace is None:
        return None
    from flows.service.workspaces import Workspaces

    return Workspaces(settings()).get(workspace).name


def params(given: list[str]) -> dict[str, str]:
    """`key=value` texts by key; the workflow's types give them a meaning. Raises InvalidInputError."""
    values: dict[str, str] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise InvalidInputError(f"--param takes key=value, not '{item}'")
        values[key] = value
    return values


def json_object(text: str, option: str) -> dict[str, JsonValue]:
    """A JSON object given as text. Raises InvalidInputError that names `option`."""
    try:
        value = _json(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{option} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInputError(f'{option} takes a JSON object such as {{"scope": "all"}}')
    return value


def _json(text: str) -> JsonValue:
    value: JsonValue = json.loads(text, parse_constant=_no_number)
    return value


def _no_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is not JSON")  # Python would read it; nobody after it could


def configuration() -> Settings:
    """The settings. Raises InvalidInputError that names the variable whose value cannot be used."""
    return _usable(settings)


def web_configuration() -> WebSettings:
    """The settings of the page and the API; they need the extra `page`. Raises as `configuration`."""
    from ui.settings import web_settings

    return _usable(web_settings)


def oidc_configuration() -> OidcSettings:
    """The settings of the identity provider. Raises as `configuration`."""
    from ui.oidc.settings import oidc_settings

    return _usable(oidc_settings)


def _usable(read: Callable[[], T]) -> T:
    try:
        return read()
    except ValidationError as error:
        wrong = "; ".join(f"DOCKYARD_{item['loc'][0]}".upper() + f": {item['msg']}" for item in error.errors())
        raise InvalidInputError(wrong) from error
    except SettingsError as error:  # a value that is to be JSON; the text names the setting and repeats nothing
        raise InvalidInputError(f"a setting is not the JSON that it takes: {error}") from error


def wide_console() -> Console:
    """A console on stdout: as wide as the terminal or COLUMNS say; a file or a pipe has room."""
    from rich.console import Console

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else PIPED_WIDTH)


def check_target(path: Path, option: str) -> None:
    """Raises InvalidInputError when a file given with `option` could not be written there."""
    if not path.parent.is_dir():
        raise InvalidInputError(f"{option}: there is no folder {path.parent}")
    if path.is_dir():
        raise InvalidInputError(f"{option}: {path} is a folder, not a file")


def write(path: Path, text: str | Iterable[str], option: str) -> None:
    """Write the file given with `option`. Raises InvalidInputError when that is not possible."""
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines([text] if isinstance(text, str) else text)
    except OSError as error:
        raise InvalidInputError(f"{option}: {path} cannot be written: {error.strerror}") from error
