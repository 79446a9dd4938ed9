"""What clients give by name: of a form that leads nowhere else."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, Field

_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_UP = re.compile(r"(^|[/\\])\.\.($|[/\\])")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f]")


def _repository(given: str) -> str:
    if _UP.search(given):
        raise ValueError("a repository is given by its whole path or its URL, without '..'")
    return _line(given)


def _ref(given: str) -> str:
    if ".." in given or given.startswith(("-", "/")):
        raise ValueError("a ref is a branch, a tag or a commit")
    return _line(given)


def _line(given: str) -> str:
    if _NO_TEXT.search(given):
        raise ValueError("control characters are not accepted")
    return given


WorkflowName = Annotated[str, Field(pattern=_NAME, description="A workflow's name.")]
NameInPath = Annotated[str, Path(pattern=_NAME, description="A name: small letters, digits and dashes.")]
Repository = Annotated[
    str,
    Field(min_length=1, max_length=2048, description="A git URL, or a path of the hub."),
    AfterValidator(_repository),
]
Ref = Annotated[str, Field(min_length=1, max_length=255, description="A branch, a tag or a commit."), AfterValidator(_ref)]
