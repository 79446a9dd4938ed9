#!/usr/bin/env python3
"""Writes anew what is made of the code: commands, settings, API, probes, and the JSON Schema of workflow files.

The part of `docs/reference/cli.md`, `settings.md`, `api.md` and `sandbox.md` between the two marks is replaced; the rest
is written by hand.
`make generate` calls it, and `tests/docs/test_generated.py` fails when a file is behind the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from pydantic import SecretStr
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from agents.catalog import catalog
from agents.probes.registry import PROBES
from flows.definition.json_schema import workflow_schema
from flows.settings import Settings
from ui.api.build import api
from ui.api.description import operations
from ui.cli.main import app
from ui.oidc.settings import OidcSettings
from ui.settings import WebSettings

PAGE = Path(__file__).parent / "reference" / "cli.md"
SETTINGS = PAGE.with_name("settings.md")
API = PAGE.with_name("api.md")
SANDBOX = PAGE.with_name("sandbox.md")
SCHEMA = Path(__file__).parents[1] / "deployments" / "workflow.schema.json"
EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)
BAR = "\\|"
"""A bar inside a cell of a table."""


def page(text: str) -> str:
    """`text` with the commands as they are now between the marks."""
    return between(text, "commands", commands())


def settings_page(text: str) -> str:
    """`text` with the settings of the page and the API as they are now between the marks."""
    return between(text, "settings of the page", "\n".join(_web_settings()))


def api_page(text: str) -> str:
    """`text` with the API's operations as they are now between the marks."""
    return between(text, "operations", "\n".join(_operations()))


def sandbox_page(text: str) -> str:
    """`text` with the probes as they are now between the marks."""
    rows = [f"| `{probe.name}` | {probe.tries} | {probe.holds} |" for probe in PROBES]
    return between(text, "probes", "\n".join(["| probe | tries to | held by |", "|---|---|---|", *rows, ""]))


def between(text: str, name: str, fresh: str) -> str:
    """`text` with `fresh` between the marks of `name`."""
    begin, end = f"<!-- begin: {name}, by `make generate` -->", f"<!-- end: {name} -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"the page lacks the marks {begin} and {end}")
    return f"{head}{begin}\n\n{fresh}\n{end}{tail}"


def _web_settings() -> Iterator[str]:
    yield "| variable | default | meaning |\n|---|---|---|"
    for name, field in (WebSettings.model_fields | OidcSettings.model_fields).items():
        default = field.get_default(call_default_factory=True, validated_data={})
        default = default.get_secret_value() if isinstance(default, SecretStr) else default
        shown = "none" if default in (None, (), "", {}) else f"`{default}`"
        yield f"| `DOCKYARD_{name.upper()}` | {shown} | {field.description} |"
    yield ""


def _operations() -> Iterator[str]:
    yield "| operation | needs | does |\n|---|---|---|"
    for one in operations(api(Settings())):
        needs = f"`{one.scope}`" if one.scope else "a signature" if one.open else "to be known"
        does = " ".join(f"{one.summary}. {one.text}".split()).replace("|", BAR)
        yield f"| `{one.method} /api{one.path}` | {needs} | {does} |"
    yield ""


def schema() -> str:
    """The JSON Schema of workflow files, for editors."""
    return json.dumps(workflow_schema(catalog()), indent=2, ensure_ascii=False) + "\n"


def commands() -> str:
    """Every command, those of groups included: its help, its usage and a table of what it takes."""
    group = get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("dockyard has commands, so typer makes a group of it")
    context = typer.Context(group, info_name="dockyard")
    return "\n".join(_group(group, context))


def _group(group: TyperGroup, context: typer.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            raise ValueError(f"{context.command_path} lists {name} and does not have it")
        own = typer.Context(command, parent=context, info_name=name)
        yield from _group(command, own) if isinstance(command, TyperGroup) else _command(command, own)


def _command(command: click.Command, own: typer.Context) -> Iterator[str]:
    rows = []
    arguments = []
    for param in command.params:
        record = param.get_help_record(own)
        if record is None:
            continue
        if isinstance(param, TyperArgument):
            shown = (param.name or "").upper() + ("…" if param.nargs == -1 else "")
            arguments.append(shown if param.required else f"[{shown}]")
            rows.append((shown, record[1]))
        else:
            rows.append((record[0], record[1]))
    yield f"### `{own.command_path}`\n"
    said = (command.help or "").strip()
    yield EXAMPLE.sub(r"For example `\1`.", said) + "\n"
    options = " [OPTIONS]" if len(rows) > len(arguments) else ""
    yield f"```\n{' '.join([own.command_path, *arguments])}{options}\n```\n"
    if rows:
        yield "| takes | meaning |\n|---|---|"
        for shown, meaning in rows:
            cells = (f"`{shown}`", " ".join(meaning.split()))
            yield f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    SETTINGS.write_text(settings_page(SETTINGS.read_text(encoding="utf-8")), encoding="utf-8")
    API.write_text(api_page(API.read_text(encoding="utf-8")), encoding="utf-8")
    SANDBOX.write_text(sandbox_page(SANDBOX.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
