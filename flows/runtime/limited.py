"""A program that limits itself and becomes another: `limited.py '{"DATA": 1048576}' COMMAND…`.

The hub starts agents from threads, and Python code between fork and exec can then wait for ever for a lock
that no thread of the child holds; this runs after exec. It imports nothing of the hub, so that starting it
costs some hundredths of a second.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence


def command(limits: dict[str, int], wanted: Sequence[str]) -> list[str]:
    """`wanted` as a command that runs under `limits` (names of `RLIMIT_…` without the prefix)."""
    # Neither the environment's modules nor site-packages: this file alone.
    return [sys.executable, "-I", "-S", __file__, json.dumps(limits), *wanted]


def main(arguments: Sequence[str]) -> None:
    """Set soft and hard limits, never above what is allowed already, and run the command in this process."""
    limits: dict[str, int] = json.loads(arguments[0])
    for name, wanted in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(number, (limit, limit))
    os.execv(arguments[1], [*arguments[1:]])  # noqa: S606 — the command comes from the runtime, as a list


if __name__ == "__main__":
    main(sys.argv[1:])
