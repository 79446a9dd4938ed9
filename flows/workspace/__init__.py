"""A repository at one commit: cloned once, pinned, handed out as a tar."""

from flows.workspace.checkout import Checkout, check_out
from flows.workspace.source import ADDRESS_SCHEMA_PATTERN, display, folder_of, is_url

__all__ = ["ADDRESS_SCHEMA_PATTERN", "Checkout", "check_out", "display", "folder_of", "is_url"]
