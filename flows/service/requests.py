"""What a person asks to be run, and everything about it that can be checked without a server."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, JsonValue

from agents.contract.schema import Frozen
from flows.definition.loader import Definition, bind, is_file, read_params
from flows.errors import UnknownError
from flows.execution.agents import Agents
from flows.execution.engine import check_image
from flows.execution.library import kept_named, loaded
from flows.execution.repository import read_repository
from flows.execution.tenancy import check_repository
from flows.people import DEFAULT_WORKSPACE, Via
from flows.service.workflows import named
from flows.settings import RuntimeName, Settings
from flows.workspace import folder_of


class StartRequest(Frozen):
    """What a person asks for. `workflow` is a name or a file; `repository` a path or git URL.

    `text` is a workflow's whole text, which then counts in the place of `workflow`.

    `typed` holds params as text that the workflow's types give a meaning; `params` holds values.
    """

    workflow: str = ""
    text: str | None = None
    repository: str
    ref: str = "HEAD"
    params: dict[str, JsonValue] = Field(default_factory=dict)
    typed: dict[str, str] = Field(default_factory=dict)
    runtime: RuntimeName | None = None


def check_engine(request: StartRequest, settings: Settings) -> None:
    """Raises UnavailableError when this machine's worker could not run agents: no engine, or no agent image."""
    check_image(request.runtime or settings.runtime, settings, saved=True)


@dataclass(frozen=True)
class CheckedRequest:
    """A request that a worker can be given. `repository` is a whole path or a URL.

    `author` wrote the workflow, where it is kept in the hub. The run will belong to `workspace`.
    """

    definition: Definition
    author: str | None
    workspace: str
    from_file: bool
    repository: str
    params: dict[str, JsonValue]


def check_request(
    request: StartRequest, settings: Settings, workspace: str | None = None, door: Via = Via.CLI
) -> CheckedRequest:
    """Check workflow, params, repository and, in a folder, the ref. Raises InvalidInputError. `door` is where it is asked.

    `workspace` is whose run it would be: by default that of a kept workflow, else the default one.

    Whether a URL leads anywhere is the worker's to find out: it may reach what this machine cannot.
    """
    own = request.text is not None
    kept = None if own else kept_named(request.workflow, settings)
    whose = workspace or (DEFAULT_WORKSPACE if kept is None else kept.workspace)
    if kept is not None and kept.workspace != whose:
        raise UnknownError(f"the workspace '{whose}' has no workflow '{request.workflow}'")
    definition = (
        named(request.workflow, settings, whose)
        if request.text is None
        else loaded(request.text, Agents(settings, whose), settings)
    )
    params = {**read_params(definition.workflow, request.typed), **request.params}
    bind(definition.workflow, params)
    check_repository(request.repository, whose, settings, door)
    folder = folder_of(request.repository)
    if folder is not None and request.ref != "HEAD":
        # Not wasted: the run takes the ref from the same mirror.
        read_repository(str(folder), request.ref, settings)
    return CheckedRequest(
        definition=definition,
        author=None if kept is None else kept.author,
        workspace=whose,
        from_file=own or is_file(request.workflow),
        repository=request.repository if folder is None else str(folder),
        params=params,
    )
