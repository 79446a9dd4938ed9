"""Commands about tenants: workspaces list, allow, forbid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.columns import print_rows
from ui.cli.errors import spoken
from ui.cli.options import configuration

if TYPE_CHECKING:
    from flows.service.workspaces import Workspace, Workspaces

workspaces = typer.Typer(
    name="workspaces",
    no_args_is_help=True,
    help="Tenants of this hub: people, runs, gates and workflows of one are invisible to another.",
)

Name = Annotated[str, typer.Argument(metavar="WORKSPACE", help="The workspace's name.")]
Patterns = Annotated[
    list[str],
    typer.Option(
        "--repository",
        "-r",
        help="A whole path or a URL; `*` stands for characters of one name, `**` for any. May be repeated.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    workspaces.command("list")(list_workspaces)
    for command in (allow, forbid):
        workspaces.command()(command)
    app.add_typer(workspaces)


def _workspaces() -> Workspaces:
    from flows.service.workspaces import Workspaces

    return Workspaces(configuration())


def list_workspaces() -> None:
    """List the workspaces, and which repositories their runs may read."""
    with spoken():
        found = _workspaces().list()
        print_rows([("Workspace", "Repositories"), *((one.name, ", ".join(one.repositories) or "none") for one in found)])


def allow(workspace: Name, repository: Patterns) -> None:
    """Let a workspace's runs read repositories. A workspace that is not there is made.

    Example: dockyard workspaces allow payments --repository 'https://git.example.com/payments/**'
    """
    with spoken():
        _tell(_workspaces().allow(workspace, repository))


def forbid(workspace: Name, repository: Patterns) -> None:
    """Take patterns away from a workspace. Runs that go on keep what they have read; those that are entered again do not."""
    with spoken():
        _tell(_workspaces().forbid(workspace, repository))


def _tell(found: Workspace) -> None:
    typer.echo(f"{found.name} may read: {', '.join(found.repositories) or 'nothing'}", err=True)
