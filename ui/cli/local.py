"""Commands around the Prefect server: up, down, worker, deploy."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ui.cli.errors import spoken
from ui.cli.options import configuration, oidc_configuration, tenant, web_configuration
from ui.cli.serving import other_port, page_command, page_is_installed, print_first_password


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (up, down, deploy, worker):
        app.command()(command)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def up() -> None:
    """Start or reuse the local Prefect server, a worker and the page, deploy the workflows, and say where they are.

    The first start makes an admin and prints the password, this once.
    """
    with spoken():
        from flows.service import LocalPage, LocalServices, deploy_all

        config = configuration()
        with_page = page_is_installed()
        if with_page:
            web = web_configuration()
            oidc_configuration()  # what the page would refuse is said here, not in its log
            print_first_password(config)
        services = LocalServices(config)
        address = services.use(_say)
        page = LocalPage(config).use(web.page_host, web.page_port, page_command, _say) if with_page else None
        names = deploy_all(config)
    if page:
        typer.echo(f"Page: {web.page_url or page.address}")
        if taken := other_port(web, page.port):
            _say(taken)
    else:
        _say("The page is not installed: pip install 'dockyard[page]' brings it.")
    typer.echo(f"Prefect UI: {address.removesuffix('/api')}")
    typer.echo(f"Deployments: {', '.join(names)}")
    typer.echo(f"Logs: {services.log_dir}")
    typer.echo("`dockyard down` stops all of it.")


def down() -> None:
    """Stop the page, the local worker and the Prefect server. Runs and their history stay."""
    with spoken():
        from flows.service import LocalPage, LocalServices

        config = configuration()
        stopped = [LocalPage(config).stop(), LocalServices(config).stop()]
    typer.echo("Stopped." if any(stopped) else "Nothing was running.")


def deploy(
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", help="For this tenant, whose deployments are named NAME@WORKSPACE, and no other."),
    ] = None,
) -> None:
    """Make or update a Prefect deployment for every workflow, in the work pool of the settings.

    Schedules, tags and parameters that somebody has set stay.
    """
    with spoken():
        from flows.service import LocalServices, deploy_all

        LocalServices(configuration()).use(_say)
        for name in deploy_all(configuration(), move=True, workspace=tenant(workspace)):
            typer.echo(name)


def worker(
    name: Annotated[str | None, typer.Option("--name", help="The worker's name in Prefect.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most runs at once.")] = None,
    pool: Annotated[str | None, typer.Option("--pool", help="Work pool to take runs from.")] = None,
) -> None:
    """Start a worker in the foreground: short for `prefect worker start --type dockyard`."""
    with spoken():
        from flows.service import LocalServices

        config = configuration()
        LocalServices(config).use(_say, start=False)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "dockyard"]
    command += ["--pool", pool or config.work_pool]
    command += ["--name", name] if name else []
    command += ["--limit", str(limit)] if limit else []
    # Replaces this process, so that signals and the exit status are the worker's own.
    os.execv(sys.executable, command)  # noqa: S606
