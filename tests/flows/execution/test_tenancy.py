"""Whose a run is by its tags, and which repositories a workspace's runs may read."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.accounts import Workspaces
from flows.errors import InvalidInputError
from flows.execution.library import text_of
from flows.execution.tenancy import check_repository, deployment_name, is_in, workspace_of, workspace_tag
from flows.people import Via
from flows.service.workflows import named
from flows.settings import Settings
from flows.store import Kept, keep, open_store, write
from tests.flows.workspace.conftest import git

HOST = "https://git.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", database_url=None, local_roots=())


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


OTHERS = [Via.PAGE, Via.API, Via.EVENT]


@pytest.mark.parametrize("door", [*Via, None])
def test_only_who_sits_at_the_machine_names_any_folder(settings: Settings, tmp_path: Path, door: Via | None) -> None:
    for folder in (str(tmp_path), f"file://{tmp_path}", f"FILE://localhost{tmp_path}"):
        if door in OTHERS:
            with pytest.raises(InvalidInputError, match=r"only its command line may name.*DOCKYARD_LOCAL_ROOTS"):
                check_repository(folder, "default", settings, door)
        else:
            check_repository(folder, "default", settings, door)


@pytest.mark.parametrize("door", OTHERS)
def test_other_doors_name_folders_below_a_root(settings: Settings, tmp_path: Path, door: Via) -> None:
    (tmp_path / "root" / "app").mkdir(parents=True)
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    rooted = settings.model_copy(update={"local_roots": (tmp_path / "root",)})
    check_repository(str(tmp_path / "root" / "app"), "default", rooted, door)
    for folder in (tmp_path, tmp_path / "root" / "out", tmp_path / "root" / ".."):
        with pytest.raises(InvalidInputError, match="DOCKYARD_LOCAL_ROOTS"):
            check_repository(str(folder), "default", rooted, door)


def test_a_folder_that_a_workspace_is_allowed_by_its_path_needs_no_root(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "blue").mkdir()
    allow(settings, f"{tmp_path}/blue")
    check_repository(str(tmp_path / "blue"), "blue", settings, Via.API)
    allow(settings, "**", name="all")  # says nothing of this machine's folders
    with pytest.raises(InvalidInputError, match="only its command line may name"):
        check_repository(str(tmp_path / "blue"), "all", settings, Via.API)
    elsewhere = settings.model_copy(update={"local_roots": (tmp_path / "red",)})
    with pytest.raises(InvalidInputError, match="DOCKYARD_LOCAL_ROOTS"):
        check_repository(str(tmp_path / "blue"), "blue", elsewhere, Via.API)


@pytest.mark.parametrize("door", OTHERS)
@pytest.mark.parametrize(
    "url", ["http://example.org/x", "https://10.0.0.1/x", "https://[::ffff:127.0.0.1]/x", "https://0x7f.1/x"]
)
def test_other_doors_say_at_once_what_the_hub_does_not_read(settings: Settings, door: Via, url: str) -> None:
    with pytest.raises(InvalidInputError):
        check_repository(url, "default", settings, door)
    check_repository(url, "default", settings, Via.CLI)  # its worker may read what this machine does not


@pytest.mark.parametrize("how", ["gitdir", "commondir", "alternates"])
def test_what_belongs_to_a_folder_counts_wherever_it_is(settings: Settings, tmp_path: Path, how: str) -> None:
    ours, theirs = tmp_path / "blue" / "mine", tmp_path / "red" / "repository"
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet")
    allow(settings, f"{tmp_path}/blue/**")
    check_repository(str(ours), "blue", settings)
    if how == "gitdir":
        shutil.rmtree(ours / ".git")
        (ours / ".git").write_text(f"gitdir: {theirs / '.git'}\n", encoding="utf-8")
    elif how == "commondir":
        (ours / ".git" / "commondir").write_text(f"{theirs / '.git'}\n", encoding="utf-8")
    else:
        (ours / ".git" / "objects" / "info").mkdir(exist_ok=True)
        (ours / ".git" / "objects" / "info" / "alternates").write_text(f"{theirs / '.git' / 'objects'}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="may not read"):
        check_repository(str(ours), "blue", settings)


def test_a_kept_workflow_is_none_to_another_workspace(settings: Settings) -> None:
    text = "name: hidden\ndescription: Ours.\nnodes: [{id: a, agent: notifier, inputs: {message: x}}]\n"
    kept = Kept(name="hidden", version=1, workspace="blue", at=datetime.now(UTC), author="ann", text=text)
    write(open_store(settings), lambda connection: keep(connection, kept))
    assert named("hidden", settings, "blue").workflow.description == "Ours."
    for reader in (lambda: named("hidden", settings, "red"), lambda: text_of("hidden", settings, "red")):
        with pytest.raises(InvalidInputError, match="there is no workflow 'hidden'"):
            reader()
