"""Workflows and agents as people look them up."""

from __future__ import annotations

import json

from markupsafe import Markup

from agents.contract.manifest import Isolation, Manifest, Risk
from flows.errors import DockyardError
from flows.service import forms, plain
from flows.service.agents import manifest_of
from flows.service.shelf import Shelved, drawn, shelved
from flows.settings import Settings
from ui.page.pieces import Tone, badge, block, code, definitions, here, join, listing, notice, section, table, text
from ui.page.run_view import image

ISOLATION = {
    Isolation.ANY: "a container, or a child process where none is",
    Isolation.CONTAINER: "needs a container",
    Isolation.GVISOR: "needs a container with a kernel of its own (gVisor)",
}


def workflow_html(name: str, settings: Settings, workspace: str) -> Markup:
    """A workflow: what lint says, its params, when it runs by itself, its graph and its text."""
    try:
        found = shelved(name, settings, workspace)
        picture = drawn(found, settings, workspace)
    except DockyardError as error:
        return notice(f"{str(error).rstrip('.')}.", Tone.ERROR)
    parts = [Markup("<h2>{} {}</h2>").format(text(found.name), _lint(found))]
    if found.problems:
        parts.append(_problems(found))
    if found.workflow is not None:
        parts += [
            Markup("<p>{}</p>").format(text(found.workflow.description)),
            here("Start it on the Run tab", workflow=name),
        ]
        parts += [_params(found), _starts(found)]
    if picture is not None:
        parts.append(section("Graph", image(picture, f"Graph of {name}; its text below says the same.")))
    return join([*parts, section("Text", block(found.text.split("\n")))])


def agent_html(name: str, settings: Settings, workspace: str) -> Markup:
    """An agent: what it does, what it may, what it takes and what it answers."""
    if not name:
        return notice("Choose an agent from the list.", Tone.INFO)
    try:
        manifest = manifest_of(name, settings, workspace)
    except DockyardError as error:
        return notice(f"{str(error).rstrip('.')}.", Tone.ERROR)
    changes = manifest.risk is Risk.APPROVAL_REQUIRED
    risk = badge("waits for approval" if changes else "runs by itself", Tone.WARNING if changes else Tone.FINE)
    return join(
        [
            Markup("<h2>{} {}</h2>").format(text(f"{manifest.name} {manifest.version}"), risk),
            Markup("<p>{}</p>").format(text(manifest.description)),
            section("What it may", definitions(_limits(manifest))),
            section("What it takes", _fields(manifest, "params")),
            section("What it answers", _fields(manifest, "report")),
            _schema("Schema of its params", manifest.params.model_json_schema()),
            _schema("Schema of its report", manifest.report.model_json_schema()),
        ]
    )


def _lint(found: Shelved) -> Markup:
    count = len(found.problems)
    if not count:
        return badge("no problems", Tone.FINE)
    return badge(f"{count} problem{'' if count == 1 else 's'}", Tone.ERROR)


def _problems(found: Shelved) -> Markup:
    rows = [
        (code(f"{problem.file}:{problem.line}:{problem.column}"), problem.code, problem.message, problem.suggestion or "")
        for problem in found.problems
    ]
    said = "It cannot run until these are mended in its file."
    return section("What is wrong", said, table("Problems", ("Place", "Code", "Problem", "Suggestion"), rows))


def _params(found: Shelved) -> Markup:
    fields = forms.fields(found.workflow) if found.workflow else ()
    if not fields:
        return section("Params", "It takes a repository and a ref, and nothing else.")
    rows = [(one.name, one.expects, "needed" if one.required else one.default, one.description) for one in fields]
    return section("Params", table("Params of the workflow", ("Param", "Takes", "Default", "Meaning"), rows))


def _starts(found: Shelved) -> Markup:
    if found.workflow is None:
        return Markup("")
    said = []
    for one in found.workflow.schedule:
        clock = one.cron if one.cron is not None else f"every {one.interval:g} s"
        over = plain.line(str(one.params.get("repository", "")))
        state = "" if one.active else "; not active: activate it in its file or in Prefect"
        said.append(f"{clock} ({one.timezone}) over {over}{state}")
    said += [f"on {trigger.event.value}{f' if {trigger.filter}' if trigger.filter else ''}" for trigger in found.workflow.on]
    return section("Starts by itself", listing(said) if said else "It starts when somebody starts it.")


def _limits(manifest: Manifest) -> list[tuple[str, str]]:
    limits = manifest.limits
    own = "the agent image of the hub" if not manifest.foreign else manifest.image
    return [
        ("Image", own),
        ("Memory", f"{limits.memory_mb} MiB"),
        ("Processors", f"{limits.cpus:g}"),
        ("Processes", str(limits.pids)),
        ("Open files", str(limits.nofile)),
        ("Temporary files", f"{limits.tmp_mb} MiB"),
        ("Result", f"{limits.result_mb} MiB"),
        ("Time", f"{limits.timeout_seconds:g} s"),
        ("Network", ", ".join(manifest.network) or "none"),
        ("Secrets", ", ".join(manifest.secrets) or "none"),
        ("Isolation", ISOLATION[manifest.isolation]),
    ]


def _fields(manifest: Manifest, which: str) -> Markup:
    model = manifest.params if which == "params" else manifest.report
    properties = model.model_json_schema().get("properties", {})
    rows = []
    for name, field in model.model_fields.items():
        said = properties.get(name, {})
        default = "needed" if field.is_required() else json.dumps(said.get("default"), ensure_ascii=False)
        rows.append((code(name), _type(said), default, field.description or ""))
    headings = ("Field", "Type", "Default", "Meaning")
    return table("Its params" if which == "params" else "Fields of its report", headings, rows)


def _type(said: dict[str, object]) -> str:
    options = said.get("anyOf")
    if isinstance(options, list):
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    reference = said.get("$ref")
    if isinstance(reference, str):
        return reference.rpartition("/")[2]
    if "const" in said:
        return json.dumps(said["const"])
    items = said.get("items")
    if said.get("type") == "array" and isinstance(items, dict):
        return f"list of {_type(items)}"
    return str(said.get("type", "anything"))


def _schema(title: str, schema: dict[str, object]) -> Markup:
    lines = json.dumps(schema, indent=2, ensure_ascii=False).split("\n")
    return Markup("<details><summary>{}</summary>{}</details>").format(text(title), block(lines))
