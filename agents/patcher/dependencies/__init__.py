"""Updating dependencies in the manifests that name them."""
