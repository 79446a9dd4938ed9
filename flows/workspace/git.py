"""The one place where git is called, deaf to the machine's and the repository's configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from flows.errors import DockyardError, UnavailableError


class GitError(DockyardError):
    """git refused; the text is its last words."""


def environment(home: Path) -> dict[str, str]:
    """Variables under which git reads no configuration but ours and never asks anything.

    `home` holds our configuration file. The machine's own settings could bring filters, hooks and
    credential helpers with them; a repository owned by another user may be read.
    """
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    if not config.exists():
        scratch = home / f"gitconfig.{os.getpid()}"
        scratch.write_text("[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n", encoding="utf-8")
        scratch.replace(config)
    keep = ("PATH", "LANG", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
            "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")  # fmt: skip
    return {
        **{name: os.environ[name] for name in keep if name in os.environ},
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # none: an askpass of the machine would open a window
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_OPTIONAL_LOCKS": "0",
        # A partial clone would fetch what it lacks from where, and through what, its configuration says.
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def run(
    arguments: Sequence[str | Path],
    *,
    home: Path,
    timeout: float,
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    ok: Sequence[int] = (0,),
) -> str:
    """Run git and return its stdout, stripped. Raises GitError, or UnavailableError when git is missing."""
    try:
        done = subprocess.run(
            ["git", *(os.fspath(argument) for argument in arguments)],
            env={**environment(home), **(extra or {})},
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError("git is not installed; install it with your package manager") from error
    except subprocess.TimeoutExpired:
        # Not `from` it: it holds the whole command, with the URL as it was given.
        raise GitError(f"git did not finish within {timeout:g} s") from None
    if done.returncode not in ok:
        raise GitError(_reason(done.stderr.decode("utf-8", "replace")) or f"git ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace").strip()


def _reason(text: str) -> str:
    """The line that says what went wrong; advice about access rights comes after it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter(telling or lines[-1:]), "")
