"""The one place where git is called, deaf to the machine's and the repository's configuration."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from flows.errors import DockyardError, UnavailableError

MEMORY_KIB = 4 * 1024 * 1024
"""What one process of git may allocate: a few kilobytes of a pack can unfold to any size."""

# A history of ours is never written, only read: what old programs wrote into commits and modes harms nobody. What is left
# of git's checks is about names and structure, such as a tree with `.git` in it.
_OLD_HABITS = (
    "badDate", "badDateOverflow", "badEmail", "badFilemode", "badName", "badTimezone", "extraHeaderEntry", "emptyName",
    "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTaggerEntry",
    "multipleAuthors", "nulInCommit", "zeroPaddedDate", "zeroPaddedFilemode",
)  # fmt: skip

_CONFIG: dict[str, Mapping[str, str]] = {
    "safe": {"directory": "*"},
    "core": {
        "hooksPath": "/dev/null",
        "fsmonitor": "false",
        "protectHFS": "true",
        "protectNTFS": "true",
        "attributesFile": "/dev/null",
        "excludesFile": "/dev/null",
    },
    "gc": {"auto": "0"},
    "maintenance": {"auto": "false"},
    "submodule": {"recurse": "false"},
    # Every object is checked as it comes in, and a server names no other place to take objects from.
    "transfer": {"fsckObjects": "true", "bundleURI": "false"},
    # One pack for each fetch, so that the largest file that git may write is the most that a fetch can bring.
    "fetch": {"unpackLimit": "1", "recurseSubmodules": "false"},
    'fetch "fsck"': dict.fromkeys(_OLD_HABITS, "ignore"),
    # Redirects lead to where nobody has looked. A server that goes quiet ends the fetch, also when nobody waits for it.
    "http": {"followRedirects": "false", "lowSpeedLimit": "1000", "lowSpeedTime": "60"},
    'filter "lfs"': {"clean": "", "smudge": "", "process": "", "required": "false"},
}

_START = (
    'trap "" XFSZ; ulimit -c 0; ulimit -d "$1" 2>/dev/null || :; ulimit -f "$2" 2>/dev/null || :; shift 2; exec git "$@"'
)
"""A limit that cannot be set is one that is narrower already. Without the signal git says that a file was too large."""
_NOT_FOUND = 127


class GitError(DockyardError):
    """git refused; the text is its last words."""


class OverSizeError(GitError):
    """git wanted to write a larger file than it may."""


def environment(home: Path, protocols: Sequence[str] = ()) -> dict[str, str]:
    """Variables under which git reads no configuration but ours, never asks anything and speaks those protocols alone.

    `home` holds our configuration file. The machine's own settings could bring filters, hooks and
    credential helpers with them; a repository owned by another user may be read.
    """
    home.mkdir(parents=True, exist_ok=True)
    config, text = home / "gitconfig", _config()
    if not config.exists() or config.read_text(encoding="utf-8") != text:
        scratch = home / f"gitconfig.{os.getpid()}.{threading.get_ident()}"
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(config)
    keep = ("PATH", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
            "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")  # fmt: skip
    return {
        **{name: os.environ[name] for name in keep if name in os.environ},
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",  # some of its sentences are read here
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # none: an askpass of the machine would open a window
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        # Helpers such as `ext::` run programs. No word allows nothing, so it is one that no helper has.
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        # A partial clone would fetch what it lacks from where, and through what, its configuration says.
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables that set these settings of git for one call, where no list of processes shows them."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))} if settings else {}
    for number, (key, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def run(
    arguments: Sequence[str | Path],
    *,
    home: Path,
    timeout: float,
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    ok: Sequence[int] = (0,),
    protocols: Sequence[str] = (),
    largest: int | None = None,
    held: Sequence[int] = (),
) -> str:
    """Run git and return its stdout, stripped. Raises GitError, or UnavailableError when git is missing.

    `protocols` it may speak; `largest` is the size of a file that it may write, in bytes; `held` are descriptors that it
    keeps open, should this process be killed. After `timeout` seconds git is ended with all that it has started.
    """
    child = subprocess.Popen(
        _command(arguments, largest),
        env={**environment(home, protocols), **(extra or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=tuple(held),
        start_new_session=True,
    )
    with child:
        try:
            out, err = child.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            # Not `from` it: it holds the whole command, with the URL as it was given.
            raise GitError(f"git did not finish within {timeout:g} s") from None
        finally:
            _end(child)
    if child.returncode not in ok:
        raise _error(child.returncode, err)
    return out.decode("utf-8", "replace").strip()


def version() -> tuple[int, ...]:
    """git's version, as far as it is numbers. Raises UnavailableError when git is missing."""
    return _version(os.environ.get("PATH", os.defpath))


@cache
def _version(path: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(["git", "version"], env={"PATH": path}, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise _missing() from error
    return tuple(int(part) for part in re.findall(r"[0-9]+", said)[:3])


@contextmanager
def reading(
    arguments: Sequence[str | Path],
    *,
    home: Path,
    timeout: float,
    held: Sequence[int] = (),
    stdin: IO[bytes] | None = None,
) -> Iterator[IO[bytes]]:
    """git's stdout while it writes it. Who does not read it to its end ends git by leaving the block with an exception.

    Raises as `run`.
    """
    late = threading.Event()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            _command(arguments, None),
            env=environment(home),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=tuple(held),
            start_new_session=True,
        )

        def expire() -> None:
            late.set()
            _end(child)

        clock = threading.Timer(timeout, expire)
        clock.daemon = True
        clock.start()
        with child:
            try:
                if child.stdout is None:
                    raise GitError("git has no stdout")
                yield child.stdout
                child.wait()
            finally:
                clock.cancel()
                _end(child)
        if late.is_set():
            raise GitError(f"git did not finish within {timeout:g} s")
        if child.returncode:
            errors.seek(0)
            raise _error(child.returncode, errors.read())


def _command(arguments: Sequence[str | Path], largest: int | None) -> list[str]:
    # POSIX counts the size of a file in blocks of 512 bytes.
    size = "unlimited" if largest is None else str(max(largest // 512, 1))
    return ["/bin/sh", "-c", _START, "sh", str(MEMORY_KIB), size, *(os.fspath(argument) for argument in arguments)]


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill git and what it has started, unless it has ended: the number may be another's by then."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _error(code: int, stderr: bytes) -> DockyardError:
    if code == _NOT_FOUND:
        return _missing()
    text = stderr.decode("utf-8", "replace")
    kind = OverSizeError if os.strerror(errno.EFBIG) in text else GitError
    return kind(_reason(text) or f"git ended with {code}")


def _missing() -> UnavailableError:
    return UnavailableError("git is not installed; install it with your package manager")


def _reason(text: str) -> str:
    """The line that says what went wrong; advice about access rights comes after it. A server may have written it."""
    lines = ["".join(sign if sign.isprintable() else " " for sign in line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter(telling or lines[-1:]), "")[:500]


def _config() -> str:
    parts = []
    for section, values in _CONFIG.items():
        parts.append(f"[{section}]\n" + "".join(f"\t{key} = {value}\n" for key, value in values.items()))
    return "".join(parts)
