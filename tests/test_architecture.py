"""The project keeps its own rules: layers, complete agents, complete rules, listed settings, quiet imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.catalog import AGENTS, catalog
from agents.contract.manifest import Manifest
from agents.contract.schema import Params, Report
from flows.settings import ROOT, PageAddress, Settings
from ui.oidc.settings import OidcSettings
from ui.settings import WebSettings

PACKAGES = ("agents", "blocks", "flows", "ui")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FIELDS = Settings.model_fields | WebSettings.model_fields | OidcSettings.model_fields
RULE_FILES = sorted(path for path in (ROOT / "agents").glob("*/rules/**/*.yaml") if "shared" not in path.parts)


def relative(path: Path) -> str:
    """A path as a test's name."""
    return path.relative_to(ROOT).as_posix()


def test_the_layers_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_agent_that_has_a_folder_is_in_the_catalog_and_the_other_way_round() -> None:
    folders = {path.parent.name for path in (ROOT / "agents").glob("*/__main__.py")}
    assert folders == set(AGENTS)
    assert [*AGENTS] == sorted(AGENTS)


@pytest.mark.parametrize("package", AGENTS)
def test_an_agent_is_complete(package: str) -> None:
    name = package.replace("_", "-")
    wanted = [f"agents/{package}/{part}" for part in ("__init__.py", "__main__.py", "schema.py", "agent.py")]
    wanted += [f"tests/agents/{package}", f"docs/reference/agents/{name}.md"]
    assert [part for part in wanted if not (ROOT / part).exists()] == []
    assert list((ROOT / "tests" / "agents" / package).glob("test_*.py")), f"{name} has no test"
    assert f"`{name}`" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "reference" / "agents" / f"{name}.md").read_text(encoding="utf-8")
    fields = catalog()[name].params.model_fields.keys() | (
        catalog()[name].report.model_fields.keys() - Report.model_fields.keys()
    )
    assert {field for field in fields if f"`{field}`" not in page} == set()


@pytest.mark.parametrize("name", sorted(catalog()))
def test_a_manifest_says_what_the_hub_needs(name: str) -> None:
    manifest = catalog()[name]
    assert isinstance(manifest, Manifest)
    assert manifest.module == f"agents.{name.replace('-', '_')}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest.version)
    assert manifest.description.endswith(".")
    assert issubclass(manifest.params, Params)
    assert issubclass(manifest.report, Report)
    assert all(model.__doc__ for model in (manifest.params, manifest.report))


@pytest.mark.parametrize("package", AGENTS)
def test_every_rule_in_python_has_a_test_of_its_name(package: str) -> None:
    rules = ROOT / "agents" / package / "rules"
    sources = {path: path.read_text(encoding="utf-8") for path in rules.glob("*.py") if path.stem != "__init__"}
    defined = [path.stem for path, text in sources.items() if re.search(r"^class \w+\(\w*Rule\b", text, re.MULTILINE)]
    tests = [path.stem for path in (ROOT / "tests" / "agents" / package).glob("test_*.py")]
    assert [name for name in defined if not any(test.startswith(f"test_{name}") for test in tests)] == []


@pytest.mark.parametrize("file", RULE_FILES, ids=relative)
def test_every_rule_in_yaml_is_named_after_its_file_and_shown_on_samples(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"^\s*-? ?id: (\S+)$", text, re.MULTILINE) == [file.stem]
    assert {key for key in ("category", "confidence", "remediation") if f"    {key}: " not in text} == set()
    samples = ROOT / "tests" / "agents" / file.relative_to(ROOT / "agents").parts[0] / "samples" / file.stem
    shown = {path.name.partition(".")[0] for path in samples.glob("*.*")}
    assert shown & {"finds", "bad"}, f"no sample that {file.stem} finds"
    assert shown & {"silent", "good"}, f"no sample on which {file.stem} is silent"


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_its_line_in_the_reference(name: str) -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    field = FIELDS[name]
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `DOCKYARD_{name.upper()}` |")]
    assert field.description
    assert field.description in row
    if isinstance(field.default, str | int | float):
        assert f"| `{field.default}` |" in row


def test_no_two_settings_share_a_variable() -> None:
    both = len(PageAddress.model_fields)
    assert len(FIELDS) == len(Settings.model_fields) + len(WebSettings.model_fields) + len(OidcSettings.model_fields) - both


def test_the_reference_lists_no_setting_that_is_gone() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = page.partition("## Other variables")[0]
    assert set(re.findall(r"^\| `DOCKYARD_(\w+)`", rows, re.MULTILINE)) == {name.upper() for name in FIELDS}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_are_absolute_and_modules_say_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == []
    assert ast.get_docstring(tree)


QUIET = f"""
import pkgutil, sys
from importlib import import_module
ROOT = {str(ROOT)!r}
OURS = tuple(f"{{ROOT}}/{{package}}/" for package in {PACKAGES!r})
LOUD = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.mkdir", "os.remove", "os.rename",
        "os.rmdir", "os.putenv", "os.listdir", "os.scandir", "shutil.", "tempfile.", "open", "glob.", "pathlib.Path.glob")
found = []

def culprit():
    # Who is at work: our module, unless Python's own import or somebody else's library stands between.
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib") or "site-packages" in file:
            return None
        if file.startswith(OURS):
            return f"{{file}}:{{frame.f_lineno}}"
        frame = frame.f_back
    return None

def hook(event, arguments):
    if event.startswith(LOUD) and (where := culprit()):
        found.append(f"{{where}} {{event}} {{arguments!r:.100}}")

sys.addaudithook(hook)
sys.path.insert(0, ROOT)
for package in {PACKAGES!r}:
    for module in pkgutil.walk_packages([f"{{ROOT}}/{{package}}"], f"{{package}}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
            print(module.name, file=sys.stderr)
print(*found, sep="\\n")
"""


def test_nothing_happens_at_import(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
    assert {"flows.run_workflow", "flows.worker.worker", "agents.notifier.agent", "ui.cli.main"} <= set(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir() if path.name != "prefect"] == []


def test_the_check_of_imports_would_notice(tmp_path: Path) -> None:
    loud = tmp_path / "agents"
    loud.mkdir()
    (loud / "__init__.py").touch()
    (loud / "noisy.py").write_text("open('/dev/null').close()\n", encoding="utf-8")
    script = QUIET.replace(repr(str(ROOT)), repr(str(tmp_path))).replace(repr(PACKAGES), "('agents',)")
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert "noisy.py:1 open" in done.stdout
