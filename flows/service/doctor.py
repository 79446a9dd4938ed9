"""What is there, what is missing, how to get it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agents.contract.schema import Frozen
from flows.errors import DockyardError, InvalidInputError, UnavailableError
from flows.execution.engine import connect
from flows.runtime.image import agent_image
from flows.runtime.sandbox import GVISOR
from flows.runtime.verify import examine as examine_engine
from flows.service.local import LocalServices
from flows.settings import Settings
from flows.workspace.credentials import credentials_of
from flows.workspace.git import version
from flows.workspace.reach import PINS

if TYPE_CHECKING:
    from docker import DockerClient


class Check(Frozen):
    """One part. A missing `needed` part makes `dockyard doctor` fail; `remedy` says how to get it."""

    part: str
    ok: bool
    found: str
    needed: bool = True
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Look at every part in turn."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check(part="Python", ok=sys.version_info >= (3, 11), found=version, remedy="install Python 3.11 or newer")
    yield _git()
    yield _semgrep()
    yield from _engine(settings)
    yield _program("bwrap", "apt-get install bubblewrap (a seal for the local runtime)", needed=False)
    living = LocalServices(settings).living()
    found = f"{living[0]}, worker {'running' if living[1] else 'not running'}" if living else "not running"
    yield Check(
        part="local Prefect server", ok=living is not None, found=found, needed=False,
        remedy="`dockyard up` or any `dockyard run` starts it",
    )  # fmt: skip
    if settings.git_credentials is not None:
        yield _credentials(settings.git_credentials)
    yield _writable(settings.state_dir)


def _program(name: str, remedy: str, *, needed: bool) -> Check:
    path = shutil.which(name)
    return Check(part=name, ok=path is not None, found=path or "missing", needed=needed, remedy=remedy)


def _git() -> Check:
    try:
        found = version()
    except UnavailableError:
        return Check(part="git", ok=False, found="missing", remedy="apt-get install git")
    shown = ".".join(str(part) for part in found)
    return Check(part="git", ok=found >= PINS, found=shown, remedy="git 2.37 or newer, to read URLs")


def _semgrep() -> Check:
    binary = Path(sys.prefix) / "semgrep" / "semgrep" / "bin" / "semgrep-core"
    return Check(
        part="semgrep engine (local runtime)", ok=binary.is_file(), needed=False, remedy="`make setup`",
        found=str(binary) if binary.is_file() else "missing",
    )  # fmt: skip


def _engine(settings: Settings) -> Iterator[Check]:
    from docker.errors import DockerException

    try:
        client = connect(settings)
        version = str(client.version()["Version"])
    except (DockyardError, DockerException) as error:
        yield Check(
            part="Docker engine", ok=False, found=str(error)[:160], needed=False,
            remedy="install and start Docker; the local runtime is no security boundary",
        )  # fmt: skip
        return
    yield Check(part="Docker engine", ok=True, found=version, needed=False)
    name = settings.agent_image or agent_image()
    built = bool(client.images.list(name=name))
    yield Check(part="agent image", ok=built, found=name if built else f"{name} missing", remedy="`make images`")
    if built:
        yield _sandbox(client, name)
    gvisor = GVISOR in (client.info().get("Runtimes") or {})
    yield Check(
        part="gVisor", ok=gvisor, needed=False,
        found=f"runtime {GVISOR}" if gvisor else f"the engine has no runtime {GVISOR}",
        remedy="see docs/reference/sandbox.md#gvisor; only agents with `isolation: gvisor` need it",
    )  # fmt: skip


def _sandbox(client: DockerClient, image: str) -> Check:
    remedy = "see docs/reference/sandbox.md#checks; nothing runs on this engine until then"
    try:
        lacking = examine_engine(client, image)
    except DockyardError as error:
        return Check(part="sandbox", ok=False, found=str(error), remedy=remedy)
    found = f"does not hold: {', '.join(lacking)}" if lacking else "every limit holds, as seen from inside a container"
    return Check(part="sandbox", ok=not lacking, found=found, remedy=remedy)


def _credentials(file: Path) -> Check:
    try:
        credentials_of(file)
    except InvalidInputError as error:
        return Check(
            part="git credentials", ok=False, found=str(error), remedy="see docs/how-to/read-private-repositories.md"
        )
    return Check(part="git credentials", ok=True, found=str(file))


def _writable(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        found = f"{folder}: {error.strerror}"
        return Check(part="state folder", ok=False, found=found, remedy="set DOCKYARD_STATE_DIR to a writable folder")
    return Check(part="state folder", ok=True, found=str(folder))
