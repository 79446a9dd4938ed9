"""Every shipped workflow through the real flow on a real Prefect server: over real packages, and over a folder with
what real packages do not have."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from ruamel.yaml import YAML

from flows.approvals import Choice
from flows.definition.status import NodeStatus
from flows.reports import archive
from flows.reports.schema import NodeReport, RunReport, RunStatus
from flows.run_workflow import run_workflow
from flows.service.workflows import shipped
from flows.settings import ROOT, Settings
from flows.settings import settings as known_settings
from tests.integration.known_repositories import KNOWN
from tests.integration.yard import Yard, branches
from tests.rendered import findings_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect

SHIPPED = {definition.workflow.name: definition.workflow for definition in shipped(Settings())}
PACKAGES = ("flask", "express")
KEY = "ghp_" + "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=36))
"""In the form of a real token, made here so that no scanner finds it in this file."""

APP = """\
import sqlite3
from flask import Flask, request

app = Flask(__name__)


@app.route("/user")
def user() -> str:
    db = sqlite3.connect("users.db")
    name = request.args["name"]
    return str(db.execute(f"SELECT * FROM users WHERE name = '{name}'").fetchall())
"""

Run = Callable[..., RunReport]


@pytest.fixture(scope="module")
def run(
    prefect_server: str, real_repository: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """Runs a shipped workflow over a package, or over a folder, in the local runtime; each once."""
    reports: dict[str, RunReport] = {}

    def once(name: str, repository: str | Path, **params: Any) -> RunReport:
        key = json.dumps([name, str(repository), params])
        if key not in reports:
            folder = real_repository(repository) if isinstance(repository, str) else repository
            state = run_workflow(repository=str(folder), workflow=name, params=params, runtime="local", return_state=True)
            reports[key] = archive.load(state.state_details.flow_run_id)
        return reports[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKYARD_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        known_settings.cache_clear()
        yield once
    known_settings.cache_clear()


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a leaked key, a query built from a request, and a dependency under the GPL."""
    folder = tmp_path_factory.mktemp("careless")
    (folder / "settings.py").write_text(f'GITHUB_TOKEN = "{KEY}"\n', encoding="utf-8")
    (folder / "app.py").write_text(
        APP,
        encoding="utf-8",
    )
    wanted = {"copyleft": "^1.0.0", "fine": "^2.0.0"}
    (folder / "package.json").write_text(json.dumps({"name": "careless", "dependencies": wanted}), encoding="utf-8")
    lock = {
        "name": "careless",
        "lockfileVersion": 3,
        "packages": {
            "": {"name": "careless", "dependencies": wanted},
            "node_modules/copyleft": {"version": "1.2.3", "license": "GPL-3.0-only"},
            "node_modules/fine": {"version": "2.0.1", "license": "MIT"},
        },
    }
    (folder / "package-lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")
    return folder


def node(report: RunReport, name: str) -> NodeReport:
    """The run's node of that name."""
    (found,) = (each for each in report.nodes if each.node == name)
    return found


def told(report: RunReport, name: str) -> str:
    """What a notifier said, on one line."""
    found = node(report, name)
    assert found.status is NodeStatus.COMPLETED, found.reason
    assert found.report is not None
    assert found.report["delivered"] is True
    return " ".join(str(found.report["text"]).split())


def statuses(report: RunReport, *names: str) -> list[str]:
    """How nodes ended."""
    return [node(report, name).status.value for name in names]


def output(report: RunReport, name: str) -> dict[str, Any]:
    """A node's report."""
    found = node(report, name).report
    assert found is not None, node(report, name).reason
    return found


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_real_package_is_gone_through_to_the_end(run: Run, name: str, package: str) -> None:
    report = run(name, package)
    assert report.status is RunStatus.COMPLETED
    assert [each.node for each in report.nodes if each.status.failed] == []
    top = [each.node for each in report.nodes if "." not in each.node and "[" not in each.node]
    assert top == [one.id for one in SHIPPED[name].all_nodes]


@pytest.mark.parametrize("package", PACKAGES)
def test_license_audit_knows_the_licence_and_every_declared_dependency(run: Run, package: str) -> None:
    report = run("license-audit", package)
    audit = output(report, "audit")
    assert audit["license"]["spdx"] == KNOWN[package].license
    declared = {"flask": "python", "express": "npm"}
    assert {each["ecosystem"] for each in audit["dependencies"]} == {declared[package]}
    names = {each["name"] for each in audit["dependencies"]}
    assert {"flask": {"werkzeug", "jinja2", "click"}, "express": {"body-parser", "qs", "send"}}[package] <= {
        name.lower() for name in names
    }
    assert f"{KNOWN[package].license}; {len(audit['dependencies'])} declared dependencies, 0 denied" in told(report, "tell")
    assert statuses(report, "denied", "broken") == ["skipped", "skipped"]


def test_license_audit_tells_what_is_denied_by_each_policy(run: Run, careless: Path) -> None:
    report = run("license-audit", careless)
    assert "By the policy default these are denied: copyleft." in told(report, "denied")
    assert [each.rule for _, each in findings_of(report) if each.file == "package.json"] != []
    own = run("license-audit", careless, policy="own", deny=["MIT"])
    assert "By the policy own these are denied: fine." in told(own, "denied")
    permissive = run("license-audit", careless, policy="permissive")
    assert {each["name"]: each["status"] for each in output(permissive, "audit")["dependencies"]} == {
        "copyleft": "denied",
        "fine": "allowed",
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_secret_sweep_finds_no_secret_where_there_is_none(run: Run, package: str) -> None:
    report = run("secret-sweep", package)
    assert statuses(report, "alarm") == ["skipped"]
    assert "0 findings by the security-scanner (completed), 0 by the compliance-checker" in told(report, "tell")


def test_secret_sweep_raises_the_alarm_and_never_prints_the_secret(run: Run, careless: Path) -> None:
    report = run("secret-sweep", careless)
    alarm = told(report, "alarm")
    assert "settings.py" in alarm
    assert {each.file for _, each in findings_of(report)} == {"settings.py"}
    assert KEY not in report.model_dump_json()


@pytest.mark.parametrize("package", PACKAGES)
def test_dependency_update_says_that_nothing_was_updated(run: Run, package: str) -> None:
    report = run("dependency-update", package)
    count = len(output(report, "audit")["dependencies"])
    assert count > 40
    text = told(report, "tell")
    assert f"{count} declared dependencies" in text
    assert f"0 need attention (denied, unknown), {count} have no licence that could be read here." in text
    assert text.endswith("The audit completed; nothing was updated.")


def test_dependency_update_sends_a_message_for_each_that_needs_attention(run: Run, careless: Path) -> None:
    report = run("dependency-update", careless)
    assert "copyleft in package.json" in told(report, "attention[0]")
    assert "copyleft ^1.0.0 (npm) is denied: GPL-3.0-only." in told(report, "attention[0]")
    assert [each.node for each in report.nodes if each.node.startswith("attention[")] == ["attention[0]"]
    assert "1 need attention" in told(report, "tell")


def test_dependency_update_puts_the_version_of_a_named_package_on_a_branch_once_people_said_yes(yard: Yard) -> None:
    repository = yard.repository()
    update = {"package": "lodash", "version": "4.17.21"}
    run = yard.start_shipped(repository, "dependency-update", **update)
    gate = yard.gate(run)
    assert (gate.request.display_name, gate.request.files) == ("update", ("package.json",))
    assert '+    "lodash": "^4.17.21",' in gate.request.diff
    yard.decide(gate)
    assert yard.ends(run) == "Completed"
    (branch,) = branches(repository)
    assert told(archive.load(run), "tell").endswith(f"the update of lodash completed, on the branch {branch}.")


def test_dependency_update_says_so_where_people_said_no(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start_shipped(repository, "dependency-update", package="lodash", version="4.17.21")
    yard.decide(yard.gate(run), choice=Choice.REJECT)
    assert yard.ends(run) == "Rejected"
    assert branches(repository) == set()
    assert told(archive.load(run), "tell").endswith("the update of lodash rejected, nothing was written.")


@pytest.mark.parametrize("package", PACKAGES)
def test_pull_request_review_clears_what_has_no_security_error(run: Run, package: str) -> None:
    report = run("pull-request-review", package, pull_request="#7 Mend it")
    assert statuses(report, "blocked", "broken") == ["skipped", "skipped"]
    remarks = output(report, "review")["summary"]["total"]
    assert told(report, "clear").startswith("Nothing blocks #7 Mend it")
    assert f"{remarks} remarks of the code-reviewer, 0 of the licence audit." in told(report, "clear")
    assert statuses(report, "licenses", "licenses.audit", "licenses.tell") == ["completed", "completed", "skipped"]


def test_pull_request_review_is_as_strict_as_it_is_told(run: Run) -> None:
    counts = [
        output(run("pull-request-review", "flask", strictness=level), "review")["summary"]["total"]
        for level in ("lenient", "normal", "strict")
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_pull_request_review_blocks_a_query_built_from_a_request(run: Run, careless: Path) -> None:
    report = run("pull-request-review", careless)
    assert statuses(report, "clear", "broken") == ["skipped", "skipped"]
    blocked = told(report, "blocked")
    assert "Do not merge" in blocked
    assert "sql-injection/" in blocked
    assert "secrets/" in blocked


@pytest.mark.parametrize("package", PACKAGES)
def test_weekly_maintenance_tells_the_counts_of_every_part(run: Run, package: str) -> None:
    report = run("weekly-maintenance", package)
    of = {name: output(report, name)["summary"]["total"] for name in ("review", "headers", "injections", "rest")}
    assert of["review"] == len([node for node, _ in findings_of(report) if node == "review"]) > 0
    text = told(report, "tell")
    assert f"licences 0, secrets 0, code {of['review']}, headers {of['headers']}," in text
    assert f"injections {of['injections']}, other weaknesses {of['rest']}; findings at {report.commit}." in text
    findings = [found for _, found in findings_of(report)]
    assert [place for place in KNOWN[package].there if not any(map(place.fits, findings))] == []
    assert [found for found in findings if any(place.fits(found) for place in KNOWN[package].absent)] == []


def test_weekly_maintenance_looks_at_less_when_it_should_be_quick(run: Run) -> None:
    report = run("weekly-maintenance", "flask", depth="quick")
    assert statuses(report, "rest") == ["skipped"]
    assert "other weaknesses skipped" in told(report, "tell")
    assert [found.file for _, found in findings_of(report) if (found.file or "").startswith("tests/")] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_incident_response_reads_each_category_and_names_the_hottest_spot(run: Run, package: str) -> None:
    report = run("incident-response", package, summary="disk is full", severity="critical")
    categories = SHIPPED["incident-response"].params["categories"].default
    assert isinstance(categories, list)
    parts = [each for each in report.nodes if each.node.startswith("weaknesses[")]
    assert [each.node for each in parts] == [f"weaknesses[{index}]" for index in range(len(categories))]
    assert told(report, "announce").startswith("[critical] Looking into")
    facts = told(report, "facts")
    assert f"disk is full. 0 findings in {len(categories)} of {len(categories)} categories (0 critical);" in facts
    hottest = {"flask": "src/flask/sansio/blueprints.py", "express": "send in lib/response.js"}
    assert hottest[package] in facts


def test_incident_response_goes_on_when_a_category_cannot_be_read(run: Run, careless: Path) -> None:
    report = run("incident-response", careless, categories=["no-such-category", "sql-injection"])
    assert report.status is RunStatus.COMPLETED
    assert statuses(report, "weaknesses", "weaknesses[0]", "weaknesses[1]") == ["failed", "failed", "completed"]
    facts = told(report, "facts")
    found = [each.rule for name, each in findings_of(report) if name == "weaknesses[1]"]
    assert {rule.partition("/")[0] for rule in found} == {"sql-injection"}
    assert f"{len(found)} findings in 1 of 2 categories" in facts
    assert "not read: item 0: " in facts


def test_prefect_shows_a_task_for_each_node_that_ran(run: Run, prefect_client: SyncPrefectClient) -> None:
    report = run("weekly-maintenance", "express")
    only = FlowRunFilter(id=FlowRunFilterId(any_=[report.run]))
    tasks = {each.name: each.state_name for each in prefect_client.read_task_runs(flow_run_filter=only)}
    ran = {each.node for each in report.nodes if each.status is NodeStatus.COMPLETED and not each.group}
    assert tasks == dict.fromkeys(ran, "Completed")
    assert {"licenses.audit", "secrets.scan", "tell"} <= tasks.keys()


def test_nothing_starts_by_itself() -> None:
    assert [name for name, workflow in SHIPPED.items() for one in workflow.schedule if one.active] == []
    assert sum(len(workflow.schedule) for workflow in SHIPPED.values()) >= 3


def test_prefect_yaml_has_every_workflow_with_its_schedules() -> None:
    listed = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert [entry["name"] for entry in listed] == sorted(SHIPPED)
    for entry in listed:
        workflow = SHIPPED[entry["name"]]
        assert entry["description"] == workflow.description
        assert entry["parameters"] == {"workflow": workflow.name}
        assert entry.get("schedules", []) == [
            {"cron": one.cron, "timezone": one.timezone, "active": one.active, "parameters": one.params}
            for one in workflow.schedule
        ]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_param_says_what_it_is_for(name: str) -> None:
    workflow = SHIPPED[name]
    assert workflow.description.endswith(".")
    assert [key for key, param in workflow.params.items() if not param.description] == []
    assert {"repository", "ref"} <= workflow.params.keys()
