"""node-oidc-provider, a certified OpenID provider, as a process on loopback: https://github.com/panva/node-oidc-provider."""

from __future__ import annotations

import hashlib
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing

SOURCE = Path(__file__).parent / "openid"
STARTING_SECONDS = 60


def installed(cache: Path) -> Path:
    """A folder with the locked packages and the script; kept in `cache` under the lock's hash."""
    if not (shutil.which("npm") and shutil.which("node")):
        missing("npm and node (Debian: npm)")
    lock = SOURCE / "package-lock.json"
    folder = cache / f"openid-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.exists():
        fresh = cache / f"openid-{os.getpid()}"
        fresh.mkdir(parents=True)
        try:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SOURCE / name, fresh)
            command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=fresh, check=True, stdin=subprocess.DEVNULL, timeout=300)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shutil.copy(SOURCE / "provider.mjs", folder)
    return folder


@contextmanager
def node_provider(folder: Path, port: int, callback: str, client: tuple[str, str], home: str) -> Iterator[str]:
    """Run it on a free port for a client's id and secret; gives its issuer. People come back to `callback`, and after
    signing out there to `home`."""
    command = ["node", "provider.mjs", str(port), callback, *client, home]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.put(line.strip())

        threading.Thread(target=read, daemon=True).start()
        issuer = f"http://localhost:{port}"
        try:
            while lines.get(timeout=STARTING_SECONDS) != issuer:
                assert process.poll() is None, "the provider ended"
            yield issuer
        finally:
            process.terminate()
            process.wait(30)
