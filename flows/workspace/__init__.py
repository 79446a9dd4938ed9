"""A repository at one commit: cloned once, pinned, handed out as a tar."""

from flows.workspace.checkout import Checkout, check_out

__all__ = ["Checkout", "check_out"]
