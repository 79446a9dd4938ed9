"""Serving a request: one JSON result whatever happens, on a stdout nobody else can write to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.contract import runner
from agents.contract.errors import EngineError
from agents.contract.interface import Agent, Context
from agents.contract.manifest import Manifest
from agents.contract.schema import Failure, Finding, Params, Report, Result, Severity, Summary, finish

ROOT = Path(__file__).resolve().parents[3]


class ProbeParams(Params):
    count: int = 1
    fail: str = ""


class ProbeReport(Report):
    said: str = ""


class Probe(Agent[ProbeParams, ProbeReport]):
    """Does what its params say."""

    manifest = Manifest(name="probe", version="1.0.0", description="A probe.", params=ProbeParams, report=ProbeReport)

    def run(self, params: ProbeParams, context: Context) -> ProbeReport:
        if params.fail == "engine":
            raise EngineError("semgrep is missing; rebuild the image")
        if params.fail == "crash":
            raise KeyError("x")
        if params.fail == "exit":
            sys.exit(0)
        findings = finish(
            Finding(rule="probe/n", severity=Severity.INFO, message=f"number {number}") for number in range(params.count)
        )
        context.log.info("found %s", len(findings))
        return ProbeReport(findings=findings, summary=Summary.of(findings), said=context.run.node)


@pytest.fixture
def request_line(tmp_path: Path) -> dict[str, object]:
    return {"agent": "probe", "params": {}, "workspace": str(tmp_path), "run": {"node": "n1"}}


def serve(request: dict[str, object] | bytes) -> Result:
    return runner.serve(Probe(), request if isinstance(request, bytes) else json.dumps(request).encode())


def failure(request: dict[str, object] | bytes) -> Failure:
    result = serve(request)
    assert result.report is None
    assert result.failure is not None
    return result.failure


def test_answers_with_the_agents_report(request_line: dict[str, object]) -> None:
    result = serve(request_line)
    assert result.failure is None
    report = ProbeReport.model_validate_json(json.dumps(result.report))
    assert (report.said, report.summary.total, len(report.findings)) == ("n1", 1, 1)
    assert (result.agent, result.version, result.contract) == ("probe", "1.0.0", 1)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_request_of_another_contract_is_refused_whatever_else_it_holds(
    version: int, request_line: dict[str, object]
) -> None:
    for request in ({**request_line, "contract": version}, {"contract": version, "task": {"name": "probe"}}):
        answered = failure(request)
        assert answered.code == "invalid-request"
        assert answered.message.startswith(f"the request is of contract {version}, this agent speaks contract 1; ")
        assert "make images" in answered.message


def test_a_request_that_names_this_contract_is_served(request_line: dict[str, object]) -> None:
    assert serve({**request_line, "contract": 1}).failure is None


@pytest.mark.parametrize("line", [b"", b"\n", b"nonsense", b"[]", b"{}", b'{"agent": "probe"', b"\xff\xfe", b"null"])
def test_a_line_that_is_no_request_is_an_invalid_request(line: bytes) -> None:
    answered = failure(line)
    assert answered.code == "invalid-request"
    assert answered.message
    assert "\n" not in answered.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agent": "other"}, "this is probe, the request is for other"),
        ({"params": {"color": 1}}, "color: Extra inputs are not permitted"),
        ({"params": {"count": "many"}}, "count: Input should be a valid integer"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    request_line: dict[str, object], change: dict[str, object], message: str
) -> None:
    answered = failure({**request_line, **change})
    assert answered.code == "invalid-request"
    assert message in answered.message


def test_a_missing_workspace_is_told(request_line: dict[str, object]) -> None:
    answered = failure({**request_line, "workspace": "/nowhere/at/all"})
    assert answered == Failure(
        code="workspace", message="the workspace /nowhere/at/all is not a folder; was the repository cloned?"
    )


def test_an_agents_own_failure_keeps_its_words(request_line: dict[str, object]) -> None:
    answered = failure({**request_line, "params": {"fail": "engine"}})
    assert answered == Failure(code="engine", message="semgrep is missing; rebuild the image")


def test_a_crash_becomes_a_failure(request_line: dict[str, object]) -> None:
    assert failure({**request_line, "params": {"fail": "crash"}}) == Failure(code="crash", message="KeyError: 'x'")


def test_a_library_that_exits_becomes_a_failure(request_line: dict[str, object]) -> None:
    assert failure({**request_line, "params": {"fail": "exit"}}).code == "crash"


def test_a_hundred_thousand_findings_pass_through(request_line: dict[str, object]) -> None:
    result = Result.model_validate_json(serve({**request_line, "params": {"count": 100_000}}).model_dump_json())
    report = ProbeReport.model_validate_json(json.dumps(result.report))
    assert report.summary.total == 100_000
    assert len({finding.fingerprint for finding in report.findings}) == 100_000


AGENT = """
import os, subprocess, sys
from agents.contract.interface import Agent
from agents.contract.manifest import Manifest
from agents.contract.runner import main
from agents.contract.schema import Params, Report

class Loud(Agent):
    manifest = Manifest(name="loud", version="1", description="Prints.", params=Params, report=Report)
    def run(self, params, context):
        print("noise from print")
        sys.stdout.flush()
        os.write(1, b"noise from a C library\\n")
        subprocess.run([sys.executable, "-c", "print('noise from a child')"], check=True)
        context.log.warning("a line of the log")
        print("noise left in the buffer", end="")
        if context.run.node == "crash":
            raise RuntimeError("boom")
        return Report(files_scanned=3)

sys.exit(main(Loud()))
"""


def loud(tmp_path: Path, *arguments: str, node: str = "n") -> subprocess.CompletedProcess[str]:
    script = tmp_path / "loud.py"
    script.write_text(AGENT, "utf-8")
    request = {"agent": "loud", "workspace": str(tmp_path), "run": {"node": node}}
    return subprocess.run(
        [sys.executable, script, *arguments],
        input=json.dumps(request) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_printing_libraries_do_not_spoil_the_result(tmp_path: Path) -> None:
    done = loud(tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert Result.model_validate_json(done.stdout).report == Report(files_scanned=3).model_dump(mode="json")
    for noise in ("print", "a C library", "a child"):
        assert f"noise from {noise}" in done.stderr
    assert "noise left in the buffer" in done.stderr
    assert "WARNING a line of the log" in done.stderr


def test_a_crash_exits_with_one_and_still_answers(tmp_path: Path) -> None:
    done = loud(tmp_path, node="crash")
    assert done.returncode == 1
    result = Result.model_validate_json(done.stdout)
    assert result.failure == Failure(code="crash", message="RuntimeError: boom")
    assert "Traceback" in done.stderr


def test_the_manifest_can_be_asked_for(tmp_path: Path) -> None:
    done = loud(tmp_path, "--manifest")
    assert done.returncode == 0
    described = json.loads(done.stdout)
    assert described["name"] == "loud"
    assert described["risk"] == "AUTO"
    assert "findings" in described["report"]["properties"]
