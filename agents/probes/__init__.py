"""Attempts to get out of the sandbox, made from inside it: `dockyard probe`. Not an agent of the catalog."""
