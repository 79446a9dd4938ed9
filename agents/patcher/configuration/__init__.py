"""Changing values of JSON, YAML and TOML files with everything else kept as it is written."""
