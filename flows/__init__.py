"""The hub: workflow definitions, their execution on Prefect, runtimes, workspaces and reports."""
