"""axe-core over what a browser shows: https://github.com/dequelabs/axe-core."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from playwright.sync_api import Page
from pydantic import JsonValue

VERSION = "4.10.3"
_BAD = ("serious", "critical")


def script(cache: Path) -> str:
    """The script of that version, from npm's registry; kept in `cache`."""
    kept = cache / f"axe-core-{VERSION}.js"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", "--pack-destination", str(cache), f"axe-core@{VERSION}"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=300)
        archive = cache / f"axe-core-{VERSION}.tgz"
        with tarfile.open(archive) as tar:
            member = tar.extractfile("package/axe.min.js")
            assert member is not None
            kept.write_bytes(member.read())
        archive.unlink()
    return kept.read_text(encoding="utf-8")


def violations(page: Page, source: str, only: tuple[str, ...] = ()) -> list[str]:
    """What axe calls serious or worse, each with the first places; by all its rules, or by these `only`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source)
    options: dict[str, JsonValue] = {"resultTypes": ["violations"], "preload": False}  # all that it shows is of this origin
    if only:
        options["runOnly"] = [*only]
    found = page.evaluate("async options => (await axe.run(document, options)).violations", options)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[_where(node) for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in _BAD
    ]


def _where(node: dict[str, JsonValue]) -> str:
    return f"{str(node['html'])[:160]} {str(node['failureSummary'])[:300]}"
