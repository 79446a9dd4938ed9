"""Commands about agents: agents (lists them), agents show, register, update, remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import InvalidInputError
from flows.people import DEFAULT_WORKSPACE
from flows.settings import local_person
from ui.cli.errors import spoken
from ui.cli.options import configuration, tenant

if TYPE_CHECKING:
    from flows.service.registry import KnownAgent, Registry

agents = typer.Typer(
    name="agents",
    invoke_without_command=True,
    help="List the agents with their risk and params; register those of others, in images of their own.",
)

Name = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's name.")]
Image = Annotated[str, typer.Argument(metavar="IMAGE", help="[registry/]name[:tag], or with a digest.")]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", help="The manifest as a JSON file, where the image has no label `dockyard.manifest`."),
]
Whose = Annotated[str, typer.Option("--workspace", help="The tenant whose agents they are.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    agents.callback()(list_agents)
    agents.command("register")(register_agent)
    for command in (show, update, remove):
        agents.command()(command)
    app.add_typer(agents)


def _registry(workspace: str) -> Registry:
    from flows.service.registry import Registry

    return Registry(configuration(), tenant(workspace) or DEFAULT_WORKSPACE)


def list_agents(context: typer.Context, workspace: Whose = DEFAULT_WORKSPACE) -> None:
    """List the agents with their risk and params; register those of others, in images of their own."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from flows.service import agents as known

    table = Table("Agent", "Version", "Risk", "What it does", "Params", box=None, pad_edge=False)
    with spoken():
        for info in known(configuration(), workspace if workspace == DEFAULT_WORKSPACE else tenant(workspace) or ""):
            table.add_row(info.name, info.version, info.risk, info.description, ", ".join(info.params))
    Console().print(table)


def show(name: Name, workspace: Whose = DEFAULT_WORKSPACE) -> None:
    """Print where a registered agent comes from, and its params and report as JSON Schemas."""
    import json

    with spoken():
        found = _registry(workspace).get(name)
    manifest = found.manifest
    said = manifest.model_dump(mode="json", exclude={"params", "report"})
    schemas = {"params": manifest.params.model_json_schema(), "report": manifest.report.model_json_schema()}
    where = None if found.registration is None else found.registration.model_dump(mode="json")
    typer.echo(json.dumps({**said, **schemas, "registration": where}, indent=2, ensure_ascii=False))


def register_agent(image: Image, manifest: ManifestFile = None, workspace: Whose = DEFAULT_WORKSPACE) -> None:
    """Make the agent in an image known to workflows, pinned to the digest that the image has now.

    Example: dockyard agents register registry.example.com/team/line-counter:1.0
    """
    with spoken():
        _tell(_registry(workspace).register(image, local_person(), _read(manifest)))


def update(name: Name, image: Image, manifest: ManifestFile = None, workspace: Whose = DEFAULT_WORKSPACE) -> None:
    """Let new runs take a registered agent from another image, or from what the same one is now."""
    with spoken():
        _tell(_registry(workspace).update(name, image, local_person(), _read(manifest)))


def remove(name: Name, workspace: Whose = DEFAULT_WORKSPACE) -> None:
    """Let no new run use a registered agent; those that have begun keep it."""
    with spoken():
        _registry(workspace).remove(name, local_person())
    typer.echo(f"{name} is removed.", err=True)


def _read(manifest: Path | None) -> str | None:
    if manifest is None:
        return None
    try:
        return manifest.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"--manifest {manifest} cannot be read: {error}") from error


def _tell(known: KnownAgent) -> None:
    found = known.registration
    assert found is not None  # noqa: S101 — it was just registered
    typer.echo(f"{known.manifest.name} {known.manifest.version} (version {found.version}) runs from {found.image}", err=True)
