"""The workflow language: schema, loader, graph and templates. Pure: no I/O but reading the file asked for."""
