"""Prefect blocks: typed settings kept in Prefect, without behaviour."""
