"""All settings in one object; each can be set by an environment variable `DOCKYARD_<NAME>`."""

from __future__ import annotations

import os
import pwd
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `agents`, `flows` and `deployments`: a checkout, or site-packages."""


def _state_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "dockyard"


class RuntimeName(StrEnum):
    """What executes agents. `auto` takes docker when an engine answers."""

    AUTO = "auto"
    DOCKER = "docker"
    LOCAL = "local"


class EventSource(StrEnum):
    """Where events come from."""

    GENERIC = "generic"
    GITHUB = "github"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"


def _words(given: object) -> object:
    return tuple(word for part in given.split(",") if (word := part.strip())) if isinstance(given, str) else given


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
"""Several words in one variable, commas between."""


class PageAddress(BaseSettings):
    """Where people open the page: what serves it and what writes links to it read one variable."""

    model_config = SettingsConfigDict(env_prefix="DOCKYARD_", frozen=True, hide_input_in_errors=True)

    page_url: str | None = Field(
        default=None,
        description="Public address of the page. The page's own links begin with the host and port it listens on where "
        "this is not set; notifications have none then.",
    )

    @field_validator("page_url")
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        parts = urlsplit(given or "http://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write the address people open, such as https://dockyard.example.org")
        return given.rstrip("/") if given else None


class Settings(PageAddress):
    """Where things are and how runs are executed."""

    state_dir: Path = Field(
        default_factory=_state_dir,
        description="Mirrors of repositories, local workspaces, the local Prefect server's home and logs.",
    )
    workflows_dir: Path = Field(
        default=ROOT / "deployments" / "workflows", description="Folder of workflow files (`NAME.yaml`)."
    )
    runtime: RuntimeName = Field(default=RuntimeName.AUTO, description="auto, docker or local.")
    docker_host: str | None = Field(
        default=None,
        description="Engine address; default: the DockerHost block `dockyard`, else the environment.",
    )
    agent_image: str | None = Field(
        default=None, description="Agent image to use instead of the one built from this source tree."
    )
    base_image: str = Field(default="python:3.13-slim", description="Base of the agent image.")
    ca_bundle: Path | None = Field(
        default=None, description="Extra certificate authorities for the image build; kept out of the image."
    )
    work_pool: str = Field(
        default="dockyard", description="Work pool that new deployments go to, and where `dockyard deploy` puts them."
    )
    work_pool_type: str = Field(default="dockyard", description="Type of the work pool when it is made.")
    server_port: int = Field(default=4200, ge=1, le=65535, description="Port of the local Prefect server.")
    start_timeout: float = Field(
        default=180.0, gt=0, description="Seconds to wait for the local Prefect server and worker to answer."
    )
    max_result_mb: int = Field(default=512, gt=0, description="Largest result an agent may print, MiB.")
    git_credentials: Path | None = Field(
        default=None, description="File of passwords for private repositories, a `https://user:password@host` a line."
    )
    approval_grace: float = Field(
        default=60.0,
        ge=0,
        description="Seconds that a run waits for people in its process, before it is suspended and holds none.",
    )
    heartbeat: int = Field(
        default=30, ge=30, description="Seconds between the signs of life that a run gives Prefect; it takes none sooner."
    )
    lost_after: int = Field(
        default=100,
        gt=30,
        description="Seconds without a sign of life after which a run is marked as Crashed, when the automation is made.",
    )
    git_timeout: float = Field(default=900.0, gt=0, description="Seconds one git command may take.")
    git_schemes: Words = Field(
        default=("https", "ssh"),
        description="How git URLs are read, of https, ssh, http and git; commas between.",
    )
    git_hosts: Words = Field(
        default=("*",), description="Hosts of git URLs that are read, commas between: `git.example.org`, `*.example.org`."
    )
    git_private_hosts: Words = Field(
        default=(),
        description="Hosts, addresses and networks that are read although they are private or this machine; commas between.",
    )
    local_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders below which local repositories must be, colons between. Where none is named, runs of the page, "
        "the API and events read no folder, and others any.",
    )
    max_files: int = Field(default=200_000, gt=0, description="Most files and folders of a repository at one commit.")
    max_file_mb: int = Field(default=256, gt=0, description="Largest file of a repository, MiB.")
    max_tree_mb: int = Field(default=2048, gt=0, description="Most that a repository's files have together, MiB.")
    max_path_depth: int = Field(default=64, gt=0, le=500, description="Most parts of a path in a repository.")
    max_path_bytes: int = Field(default=1024, gt=0, le=3072, description="Longest path in a repository, bytes.")
    max_mirror_mb: int = Field(
        default=8192, gt=0, description="Most that a repository's history takes on disk, MiB; a fetch is ended there."
    )
    mirror_days: float = Field(
        default=30.0, ge=0, description="Days after which a mirror that no run has used or waits with is removed; 0: never."
    )
    database_url: SecretStr | None = Field(
        default=None, description="Database of the ledger; default: the SQLite file `dockyard.db` in the state folder."
    )
    policy_file: Path | None = Field(
        default=None, description="Who may approve what (YAML); default: whoever runs Dockyard decides alone."
    )
    agent_registries: tuple[str, ...] = Field(
        default=(),
        description='Registries that registered agents may come from, as JSON: `["registry.example.com"]`; by default any.',
    )
    event_secrets: dict[EventSource, Annotated[SecretStr, Field(min_length=16)]] = Field(
        default_factory=dict,
        description='What each source signs its events with, as JSON: `{"github": "…"}`, at least 16 characters each.',
    )

    @field_validator("git_schemes")
    @classmethod
    def _schemes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(scheme.lower() for scheme in given)
        if not found or not set(found) <= {"https", "ssh", "http", "git"}:
            raise ValueError("write some of https, ssh, http, git, with commas between")
        return found

    @field_validator("local_roots", mode="before")
    @classmethod
    def _roots(cls, given: object) -> object:
        found = tuple(part for part in given.split(os.pathsep) if part) if isinstance(given, str) else given
        if isinstance(found, tuple) and any(not Path(part).expanduser().is_absolute() for part in found):
            raise ValueError("write whole paths, with colons between")
        return found


def local_person() -> str:
    """Who sits at this machine: the account that the process runs under, which no variable can change.

    The account's name, its number where it has none, as in a container.
    """
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid-{number}"


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
