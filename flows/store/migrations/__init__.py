"""Migrations by alembic, one file each under `versions`, in the order of their names."""

NEWEST = "0007"
"""What a database's version must be; known here so that opening one that has it needs no alembic."""
