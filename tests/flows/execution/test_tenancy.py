"""Whose a run is by its tags, and which repositories a workspace's runs may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.accounts import Workspaces
from flows.errors import InvalidInputError
from flows.execution.tenancy import check_repository, deployment_name, is_in, workspace_of, workspace_tag
from flows.settings import Settings
from flows.store import open_store

HOST = "https://git.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", database_url=None)


def allow(settings: Settings, *patterns: str, name: str = "blue") -> None:
    Workspaces(open_store(settings)).allow(name, patterns)


@pytest.mark.parametrize(
    ("tags", "whose"),
    [([], "default"), (["dockyard", "nightly"], "default"), (["dockyard", "workspace:blue", "auto-scheduled"], "blue")],
)
def test_a_run_is_of_the_workspace_that_its_tag_names(tags: list[str], whose: str) -> None:
    assert workspace_of(tags) == whose
    assert is_in(whose, tags)
    assert not is_in("red", tags)


@pytest.mark.parametrize("tags", [["workspace:blue", "workspace:red"], ["workspace:"], ["workspace:Blue!"]])
def test_tags_that_name_no_single_workspace_are_refused_and_seen_by_nobody(tags: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="workspace"):
        workspace_of(tags)
    assert not any(is_in(name, tags) for name in ("blue", "red", "default", ""))


def test_only_the_default_workspace_shares_its_deployments_names_with_workflows() -> None:
    assert deployment_name("health-check", "default") == "health-check"
    assert deployment_name("health-check", "blue") == "health-check@blue"
    assert workspace_tag("blue") == "workspace:blue"


def test_the_default_workspace_reads_all_that_the_hub_can(settings: Settings, tmp_path: Path) -> None:
    for repository in (f"{HOST}/any/thing.git", "git@host:x.git", f"file://{tmp_path}", str(tmp_path)):
        check_repository(repository, "default", settings)
        allow(settings, f"{HOST}/blue/**")  # a database is there, and says nothing of the default one


def test_a_workspace_that_nobody_made_reads_nothing(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="may not read"):
        check_repository(f"{HOST}/blue/app", "blue", settings)
    open_store(settings)
    with pytest.raises(InvalidInputError, match="no workspace 'blue'"):
        check_repository(f"{HOST}/blue/app", "blue", settings)


@pytest.mark.parametrize(
    "repository",
    [
        f"{HOST}/blue/app.git", f"{HOST}/blue/app", f"{HOST}/blue/deep/er/app/", "https://GIT.example.com:443/blue/app",
        "git@code.example.com:blue/app.git", "ssh://git@code.example.com:22/blue/app.git",
    ],
)  # fmt: skip
def test_a_workspace_reads_what_fits_its_patterns(settings: Settings, repository: str) -> None:
    allow(settings, f"{HOST}/blue/**", "ssh://code.example.com/blue/app")
    check_repository(repository, "blue", settings)


@pytest.mark.parametrize(
    "repository",
    [
        f"{HOST}/red/app", f"{HOST}/blue", f"{HOST}/blue/../red/app", f"{HOST}/blue/%2e%2e/red/app", f"{HOST}/blue/..%2fred",
        f"{HOST}/blue//app", f"{HOST}/blue\\..\\red", f"http{HOST[5:]}/blue/app", f"{HOST}:8443/blue/app",
        f"{HOST}/Blue/app", "https://git.example.com.evil.org/blue/app", "ssh://code.example.com@evil.org/blue/app",
        "file:///etc", "git@code.example.com:blue/application.git", "git@code.example.com:red/app.git",
    ],
)  # fmt: skip
def test_a_workspace_reads_nothing_else(settings: Settings, repository: str) -> None:
    allow(settings, f"{HOST}/blue/**", "ssh://code.example.com/blue/app")
    with pytest.raises(InvalidInputError, match="workspaces allow blue --repository"):
        check_repository(repository, "blue", settings)


def test_a_folder_is_judged_by_where_it_really_is(settings: Settings, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "blue" / "app", tmp_path / "red"
    ours.mkdir(parents=True)
    theirs.mkdir()
    (tmp_path / "blue" / "link").symlink_to(theirs)
    allow(settings, f"{tmp_path}/blue/**")
    check_repository(str(ours), "blue", settings)
    for elsewhere in (theirs, tmp_path / "blue" / "link", tmp_path / "blue" / ".." / "red"):
        with pytest.raises(InvalidInputError, match="may not read"):
            check_repository(str(elsewhere), "blue", settings)
