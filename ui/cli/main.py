"""The `dockyard` command. Modules that take seconds to import are loaded by the commands that need them."""

from __future__ import annotations

import typer

from ui.cli import agents, approvals, ledger, local, once, probing, runs, serving, tokens, users, workflows, workspaces

app = typer.Typer(
    name="dockyard",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help=(
        "Maintenance crews for your repositories: workflows of sandboxed agents on Prefect.\n\n"
        "Start with `dockyard run health-check --repository . --wait`.\n\n"
        "Exit codes: 0 fine, 1 failed, 2 invalid input, 3 findings at or above --fail-on, "
        "4 waiting for approval, 5 rejected or expired."
    ),
)
for module in (runs, workflows, approvals, ledger, users, workspaces, tokens, agents, once, probing, local, serving):
    module.register(app)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
