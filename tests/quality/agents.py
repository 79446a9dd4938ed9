"""Our agents over the corpus, in the local runtime: the same child processes as in `dockyard run --runtime local`."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.schema import Confidence, Finding, RunInfo
from flows.runtime import Job
from flows.runtime.local import LocalRuntime
from tests.quality.corpus import Project, projects
from tests.quality.kinds import ours
from tests.quality.scoring import Alarm, Score, score

AT_ONCE = 2
RESULT_BYTES = 64 * 1024 * 1024


def measured(agent: str) -> tuple[Score, tuple[Alarm, ...]]:
    """The score of `agent` over its part of the corpus, and its alarms. Raises RuntimeError where a run failed."""
    found = projects(agent)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        alarms = tuple(alarm for batch in pool.map(alarms_of, found) for alarm in batch)
    return score((label for project in found for label in project.labels), alarms), alarms


def alarms_of(project: Project) -> list[Alarm]:
    """What the project's agent reports over it. Raises RuntimeError with the agent's reason when it failed."""
    manifest = catalog()[project.agent]
    with tempfile.TemporaryDirectory() as scratch, LocalRuntime(Path(scratch), "quality", RESULT_BYTES) as runtime:
        tar = Path(scratch) / "workspace.tar"
        project.write_tar(tar)
        runtime.stage(tar)
        job = Job(
            manifest=manifest,
            params=project.params,
            run=RunInfo(run="quality", node=project.agent),
            timeout=manifest.limits.timeout_seconds,
            log=lambda _level, _line: None,
        )
        result = runtime.run(job).result
    if result.failure is not None or result.report is None:
        raise RuntimeError(f"{project.agent} failed over {project.name or 'its corpus'}: {result.failure}")
    report = result.report
    alarms = [_alarm(project, Finding.model_validate(entry)) for entry in report["findings"]]
    return alarms + _license(project, report.get("license"))


def _alarm(project: Project, finding: Finding) -> Alarm:
    return Alarm(
        project=project.name,
        kind=ours(project.agent, finding.rule),
        rule=finding.rule,
        file=finding.file,
        line=finding.line,
        text=finding.message,
        sure=finding.confidence is not Confidence.LOW,
    )


def _license(project: Project, license_: JsonValue) -> list[Alarm]:
    """What the licence file was taken for, as an alarm: right where it is what the corpus says."""
    if project.license is None or not isinstance(license_, dict) or not isinstance(spdx := license_.get("spdx"), str):
        return []
    # The text is the same for both; only a declaration can tell them apart.
    name = spdx.removesuffix("-only").removesuffix("-or-later")
    return [Alarm(project.name, "license-identified", "report.license", str(license_.get("file")), text=name)]
