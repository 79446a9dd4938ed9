#!/usr/bin/env python3
"""Writes anew what is made of the code: the command reference, and the JSON Schema of workflow files.

The part of `docs/reference/cli.md` between the two marks is replaced; the rest is written by hand.
`make generate` calls it, and `tests/docs/test_generated.py` fails when a file is behind the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from agents.catalog import catalog
from flows.definition.json_schema import workflow_schema
from ui.cli.main import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
SCHEMA = Path(__file__).parents[1] / "deployments" / "workflow.schema.json"
EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)
BAR = "\\|"
"""A bar inside a cell of a table."""

BEGIN, END = "<!-- begin: commands, by `make generate` -->", "<!-- end: commands -->"


def page(text: str) -> str:
    """`text` with the commands as they are now between the marks."""
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{PAGE} lacks the marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{commands()}\n{END}{tail}"


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
    SCHEMA.write_text(schema(), encoding="utf-8")
