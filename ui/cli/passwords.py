"""Passwords on the command line: typed where nobody sees them, or on standard input; never an argument, which others see."""

from __future__ import annotations

import sys

import typer
from pydantic import SecretStr

from flows.errors import InvalidInputError


def asked_password(name: str) -> SecretStr:
    """A new password: asked for twice at a terminal, else the first line of standard input. Raises InvalidInputError."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(f"New password of {name}", hide_input=True, confirmation_prompt=True, err=True)
        return SecretStr(typed)
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InvalidInputError("give the password on standard input, or run this at a terminal and type it")
    return SecretStr(line)
