"""The command that serves the page and the API, and what `dockyard up` needs to start it in the background."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from flows.errors import InvalidInputError, UnavailableError
from flows.settings import Settings
from ui.cli.errors import spoken
from ui.cli.options import configuration, oidc_configuration, web_configuration

if TYPE_CHECKING:
    from ui.settings import WebSettings


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(serve)


def page_is_installed() -> bool:
    """Whether the extra `page` is there: a worker needs none."""
    return find_spec("gradio") is not None and find_spec("limits") is not None


def page_command(port: int) -> list[str]:
    """What serves the page on a port, as a process of its own."""
    return [sys.executable, "-m", "ui.cli.main", "serve", "--port", str(port)]


def other_port(web: WebSettings, port: int) -> str | None:
    """What to say where the page listens on another port than it should; None where it does not."""
    if port == web.page_port:
        return None
    said = f"Port {web.page_port} is taken: the page listens on {port} until `dockyard down`."
    if web.page_url is None:
        return f"{said} Free that port, or set DOCKYARD_PAGE_PORT to another."
    return (
        f"{said} Links in messages, and sign-ins at an identity provider, still lead to {web.page_url} (DOCKYARD_PAGE_URL): "
        "see that this reaches the page, or free the port and start it again."
    )


def print_first_password(config: Settings) -> None:
    """On a hub without accounts make the admin, and print the password: it is known nowhere else."""
    from flows.service.accounts import Accounts

    made = Accounts(config).first_admin()
    if made:
        typer.echo("The first start: there is an admin now. The password is shown this once.")
        typer.echo(f"  Name: {made.account.name}")
        typer.echo(f"  Password: {made.password.get_secret_value()}")


def serve(
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on; default: DOCKYARD_PAGE_PORT.")
    ] = None,
) -> None:
    """Serve the page and the API in the foreground until Ctrl-C. `dockyard up` does so in the background.

    A password that the first start makes is printed on a terminal alone: what goes to a log is kept.
    """
    with spoken():
        if not page_is_installed():
            raise InvalidInputError("the page is not installed: pip install 'dockyard[page]' brings it")
        config, web, oidc = configuration(), web_configuration(), oidc_configuration()
        if port is not None:
            web = web.model_copy(update={"page_port": port})
        if sys.stdout.isatty():
            print_first_password(config)
        else:
            _ask_for_an_admin(config)
        _find_prefect(config)
        from ui.app.application import application
        from ui.hardening.server import serve as listen

        app = application(config, web, oidc)
        typer.echo(f"Page: {web.public_url}", err=True)
        with suppress(KeyboardInterrupt):  # uvicorn hands on the Ctrl-C after which it has ended in order
            listen(app, web)


def _ask_for_an_admin(config: Settings) -> None:
    from flows.service.accounts import Accounts

    if not Accounts(config).list():
        typer.echo("Nobody can sign in yet: `dockyard users add NAME --role admin` adds the first person.", err=True)


def _find_prefect(config: Settings) -> None:
    from flows.service import LocalServices

    try:
        LocalServices(config).use(lambda text: typer.echo(text, err=True), start=False)
    except UnavailableError as error:
        typer.echo(f"{error}. Until then nothing can be run; the page shows what it knows.", err=True)
