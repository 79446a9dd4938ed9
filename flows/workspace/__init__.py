"""A repository at one commit: cloned once, pinned, handed out as a tar."""

from flows.workspace.checkout import MIRRORS, Checkout, check_out
from flows.workspace.collecting import collect
from flows.workspace.limits import Limits
from flows.workspace.reach import Reach, places_of
from flows.workspace.source import ADDRESS_SCHEMA_PATTERN, display, folder_of, is_url, place_of

__all__ = [
    "ADDRESS_SCHEMA_PATTERN",
    "MIRRORS",
    "Checkout",
    "Limits",
    "Reach",
    "check_out",
    "collect",
    "display",
    "folder_of",
    "is_url",
    "place_of",
    "places_of",
]
