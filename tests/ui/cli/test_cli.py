"""The command line where no server is needed: help, bad input, lint, one agent, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup, TyperOption
from typer.testing import CliRunner, Result

from agents.catalog import catalog
from flows.errors import InvalidInputError
from flows.settings import ROOT, settings
from ui.cli.errors import Exit
from ui.cli.main import app
from ui.cli.options import json_object, params

COMMAND = typer.main.get_command(app)
assert isinstance(COMMAND, TyperGroup)
COMMANDS = COMMAND.commands
EVERY = {
    **{name: command for name, command in COMMANDS.items() if not isinstance(command, TyperGroup)},
    **{
        f"{name} {inner}": command
        for name, group in COMMANDS.items()
        if isinstance(group, TyperGroup)
        for inner, command in group.commands.items()
    },
}
"""By all the words that call it."""
BAD = ROOT / "tests" / "data" / "workflows" / "bad"


@pytest.fixture(autouse=True)
def _fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of this machine, and a state folder of its own."""
    for name in [name for name in os.environ if name.startswith(("DOCKYARD_", "PREFECT_"))]:
        if name != "DOCKYARD_SEMGREP_HOME":
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def dockyard(*arguments: str | Path) -> Result:
    """Run the command in this process, its output as wide as it likes."""
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    return runner.invoke(app, [str(argument) for argument in arguments])


def refused(done: Result, code: Exit = Exit.INVALID) -> str:
    """The one sentence of a refusal: nothing on stdout, no traceback."""
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    assert done.exception is None or isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith("dockyard: ")
    return line.removeprefix("dockyard: ")


def process(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "ui.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment, cwd=cwd)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A plain folder with one file."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "app.py").write_text("print('hello')\n", encoding="utf-8")
    return folder


def test_there_are_the_commands_that_the_readme_names() -> None:
    wanted = {"run", "runs", "report", "agent", "agents", "lint", "images", "doctor", "up", "down", "deploy", "worker"}
    assert wanted <= COMMANDS.keys()
    decide = {"approvals list", "approvals show", "approvals approve", "approvals reject", "ledger verify", "rollback"}
    assert decide <= EVERY.keys()


@pytest.mark.parametrize("name", sorted(EVERY))
def test_help_names_every_option_and_says_what_it_does(name: str) -> None:
    done = dockyard(*name.split(), "--help")
    assert done.exit_code == 0
    for parameter in EVERY[name].params:
        if isinstance(parameter, TyperOption):
            assert all(option in done.stdout for option in parameter.opts)
            assert parameter.help
    assert EVERY[name].help


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = dockyard("--help")
    assert done.exit_code == 0
    assert all(f" {name} " in done.stdout for name in COMMANDS)
    assert "Exit codes: 0 fine, 1 failed, 2 invalid input, 3 findings" in " ".join(done.stdout.split())


@pytest.mark.parametrize("arguments", [["nonsense"], ["lint", "--nonsense"], ["lint"], ["run"], ["agent"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    done = dockyard(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["lint", "deployments/workflows/health-check.yaml"], ["approvals", "approve", "--help"]],
)
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom ui.cli.main import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'prefect', 'gradio', 'docker', 'fastapi', 'sqlalchemy', 'httpx'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_lint_of_good_files_says_so() -> None:
    file = ROOT / "deployments" / "workflows" / "health-check.yaml"
    done = dockyard("lint", file, file)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "2 files checked, no problems\n", "")


def test_lint_prints_every_problem_of_every_file_on_a_line(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("name: x\nnodes:\n  - {id: a, agent: notifer}\n  - {id: a, agent: notifier}\n", encoding="utf-8")
    two.write_text("name: x\nnodes: []\nedge: []\n", encoding="utf-8")
    done = dockyard("lint", one, two)
    assert done.exit_code == 2
    assert done.stdout.splitlines() == [
        f"{one}:3:20: DY004 there is no agent 'notifer'. Did you mean 'notifier'?",
        f"{one}:4:5: DY005 'notifier' needs the input 'message'.",
        f"{one}:4:10: DY003 the id 'a' stands twice.",
        f"{two}:2:8: DY002 'nodes': must have at least one item.",
        f"{two}:3:1: DY002 'edge' is not a key here. Did you mean 'edges'?",
    ]
    assert done.stderr == "dockyard: 5 problems found\n"


@pytest.mark.parametrize("name", ["DY001-tag", "DY001-alias", "DY002-all-at-once", "DY013-default"])
def test_lint_prints_what_the_snapshots_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    done = dockyard("lint", f"{name}.yaml")
    wanted = [line for line in (BAD / f"{name}.txt").read_text(encoding="utf-8").splitlines() if "DY004" not in line]
    assert [line for line in done.stdout.splitlines() if "DY004" not in line] == wanted  # their agents are the tests' own


@pytest.mark.parametrize("command", ["lint", "run"])
def test_a_file_that_is_not_there_is_one_sentence(command: str, tmp_path: Path) -> None:
    assert "gone.yaml" in refused(dockyard(command, tmp_path / "gone.yaml"))


def test_an_unknown_workflow_is_one_sentence_with_the_nearest() -> None:
    assert refused(dockyard("run", "health-chekc")) == "there is no workflow 'health-chekc'. Did you mean 'health-check'?"


def test_an_unknown_agent_is_one_sentence_with_the_nearest(repository: Path) -> None:
    told = refused(dockyard("agent", "notifer", "--repository", repository))
    assert told == "there is no agent 'notifer'. Did you mean 'notifier'?"


def test_an_unknown_repository_is_one_sentence(tmp_path: Path) -> None:
    told = refused(dockyard("agent", "notifier", "--runtime", "local", "--repository", tmp_path / "gone"))
    assert told.startswith(f"there is no repository at '{tmp_path}/gone'; give a folder or a git URL")


def test_an_unknown_ref_is_one_sentence(repository: Path) -> None:
    told = refused(dockyard("agent", "notifier", "--repository", repository, "--ref", "side"))
    assert "is not a git repository, so it has no ref 'side'" in told


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("{", "--params is not JSON"),
        ("[1]", "--params takes a JSON object"),
        ('{"a": NaN}', "--params is not JSON"),
        ("[" * 100_000, "--params is not JSON"),
    ],
)
def test_params_that_are_no_object_are_one_sentence(repository: Path, given: str, reason: str) -> None:
    assert reason in refused(dockyard("agent", "notifier", "--repository", repository, "--params", given))


@pytest.mark.parametrize("given", ["novalue", "=5", ""])
def test_a_param_without_key_or_value_is_one_sentence(given: str) -> None:
    told = refused(dockyard("run", "health-check", "--param", given))
    assert told == f"--param takes key=value, not '{given}'"


WORKFLOW = """\
name: mine
params: {version: {type: string}, depth: {type: integer, default: 1}}
nodes: [{id: tell, agent: notifier, inputs: {message: "{{ params.version }}"}}]
"""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--repository", "https://ann:hunter2@example.org/x.git"], "has credentials in it"),
        (["--repository", "~no-such-user/x"], "there is no repository at '~no-such-user/x'"),
        (["--repository", "gone"], "there is no repository at 'gone'"),
        (["--ref", "nope"], "there is no branch, tag or commit 'nope'"),
        (["--ref", "-x"], "'-x' is not a ref"),
        (["--param", "depth=deep"], "the param 'depth' takes integer, not 'deep'"),
        (["--param", "colour=red"], "'mine' has no param 'colour'"),
        (["--param", "ref=main"], "'ref' is no param but an option of its own: --ref"),
    ],
)
def test_what_can_be_known_is_refused_before_a_server_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    (tmp_path / "mine.yaml").write_text(WORKFLOW, encoding="utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    subprocess.run(["git", "init", "--quiet"], check=True)
    author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", *author, "commit", "--quiet", "--allow-empty", "-m", "one"], check=True)
    told = refused(dockyard("run", "../mine.yaml", "--param", "version=10", *arguments))
    assert reason in told
    assert "hunter2" not in told
    assert not (tmp_path / "state" / "local.json").exists()


def test_the_last_of_two_params_wins() -> None:
    assert params(["a=1", "b==2", "a=3", "c="]) == {"a": "3", "b": "=2", "c": ""}
    with pytest.raises(InvalidInputError, match="--x is not JSON"):
        json_object("", "--x")


def test_a_report_cannot_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    for command in (["run", "health-check", "--json"], ["report", "latest", "--output"]):
        told = refused(dockyard(*command, tmp_path / "none" / "report.json"))
        assert told == f"{command[-1]}: there is no folder {tmp_path}/none"
        assert "is a folder, not a file" in refused(dockyard(*command, tmp_path))


@pytest.mark.parametrize(
    ("name", "value"), [("SERVER_PORT", "many"), ("SERVER_PORT", "0"), ("RUNTIME", "podman"), ("GIT_TIMEOUT", "-1")]
)
def test_a_setting_that_cannot_be_used_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DOCKYARD_{name}", value)
    settings.cache_clear()
    for command in (["doctor"], ["run", "health-check"], ["agent", "notifier"], ["down"], ["images"]):
        assert refused(dockyard(*command)).startswith(f"DOCKYARD_{name}: ")


def test_agents_lists_the_catalog() -> None:
    done = dockyard("agents")
    assert done.exit_code == 0
    for name, manifest in catalog().items():
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(name)]
        assert manifest.risk.value in line
        assert manifest.version in line


def test_an_agent_alone_prints_its_result_and_nothing_else_on_stdout(repository: Path) -> None:
    asked = json.dumps({"message": "All is well", "title": "Hello"})
    done = process("agent", "notifier", "--runtime", "local", "--repository", repository, "--params", asked)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["agent"] == "notifier"
    assert result["failure"] is None
    assert "All is well" in result["report"]["text"]
    assert "INFO" in done.stderr
    assert "WARNING The local runtime is not a security boundary" in done.stderr
    assert "All is well" in done.stderr


def test_params_that_the_agent_refuses_exit_2_with_the_result_printed(repository: Path) -> None:
    done = process("agent", "notifier", "--runtime", "local", "--repository", repository)
    assert done.returncode == 2
    assert json.loads(done.stdout)["failure"]["code"] == "invalid-request"
    assert done.stderr.splitlines()[-1] == "dockyard: message: Field required"


def test_an_agent_that_fails_exits_1(repository: Path) -> None:
    asked = json.dumps({"message": "x", "channel": "webhook", "url": "http://127.0.0.1:1/"})
    done = process("agent", "notifier", "--runtime", "local", "--repository", repository, "--params", asked)
    assert done.returncode == 1
    assert json.loads(done.stdout)["failure"]["message"]
    assert "Traceback" not in done.stderr


def test_doctor_looks_at_every_part() -> None:
    done = dockyard("doctor", "--json")
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert {"Python", "git", "Docker engine", "local Prefect server", "state folder"} <= checks.keys()
    assert checks["Python"]["ok"] is True
    assert all(check["ok"] or check["remedy"] for check in checks.values())
    assert done.exit_code == (1 if any(check["needed"] and not check["ok"] for check in checks.values()) else 0)
    printed = [line[9:].partition(":")[0] for line in dockyard("doctor").stdout.splitlines() if "→" not in line]
    assert printed == list(checks)


def test_doctor_fails_when_a_needed_part_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKYARD_STATE_DIR", "/proc/dockyard")  # nobody can make a folder there
    settings.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    done = dockyard("doctor")
    assert done.exit_code == 1
    assert "MISSING  git: missing" in done.stdout
    assert "MISSING  state folder" in done.stdout
    assert "→ apt-get install git" in done.stdout


def test_doctor_looks_at_the_file_of_passwords(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "git-credentials"
    monkeypatch.setenv("DOCKYARD_GIT_CREDENTIALS", str(file))
    settings.cache_clear()
    assert "MISSING  git credentials: DOCKYARD_GIT_CREDENTIALS: " in dockyard("doctor").stdout
    file.touch(0o600)
    assert f"ok       git credentials: {file}" in dockyard("doctor").stdout


def test_a_state_folder_that_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path
) -> None:
    (tmp_path / "state").touch()
    for command in (["agent", "notifier", "--runtime", "local", "--repository", str(repository)], ["down"], ["runs"]):
        assert str(tmp_path / "state") in refused(dockyard(*command), Exit.FAILED)


def test_a_state_folder_below_a_file_is_no_running_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "file" / "state"))
    settings.cache_clear()
    done = dockyard("doctor")
    assert "absent   local Prefect server: not running" in done.stdout
    assert "MISSING  state folder" in done.stdout


def test_down_with_nothing_running_says_so() -> None:
    done = dockyard("down")
    assert (done.exit_code, done.stdout) == (0, "Nothing was running.\n")


@pytest.mark.parametrize("command", [["runs"], ["report"], ["worker"], ["reconcile"], ["rollback", "latest"]])
def test_without_a_server_the_next_step_is_told(command: list[str]) -> None:
    assert "dockyard up" in refused(dockyard(*command), Exit.FAILED)
