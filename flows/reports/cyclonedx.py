"""A run's dependency inventory as a CycloneDX 1.6 SBOM: components with their licences, as the compliance-checker read them.

https://cyclonedx.org/docs/1.6/json/. The serial number follows from the run, so that a report gives the same file twice.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter

from agents.compliance_checker.schema import MANIFEST, Dependency
from flows.reports import plain
from flows.reports.index import Head, Index

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_DEPENDENCIES: TypeAdapter[tuple[Dependency, ...]] = TypeAdapter(tuple[Dependency, ...])
_SERIALS = uuid.UUID("f3a2b3c4-53a0-4d5b-9c0e-6d2b1d0e7a11")
_PURL_TYPES = {"python": "pypi", "npm": "npm"}

Object = dict[str, JsonValue]


def render(index: Index) -> Iterator[str]:
    """One BOM. A dependency declared in several places is one component; a run without any gives an empty list."""
    report = index.head
    components = _components(_dependencies(report))
    serial = uuid.uuid5(_SERIALS, report.run)
    bom: Object = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": report.finished.isoformat(),
            "tools": {"components": [{"type": "application", "name": "dockyard"}]},
            "component": {
                "type": "application",
                "bom-ref": "repository",
                "name": plain.address(report.repository) or plain.line(report.repository) or "repository",
                "version": plain.line(report.commit),
            },
        },
        "components": [component for _, component in components],
        "dependencies": [
            {"ref": "repository", "dependsOn": [ref for ref, _ in components]},
        ],
    }
    yield plain.inert_json(_JSON.dump_json(bom, indent=1).decode()) + "\n"


def _dependencies(report: Head) -> Iterable[Dependency]:
    for node in report.nodes:
        own = (node.report or {}).get("dependencies")
        if node.reported and node.agent == MANIFEST.name and own:
            yield from _DEPENDENCIES.validate_json(_JSON.dump_json(own))


def _components(found: Iterable[Dependency]) -> list[tuple[str, Object]]:
    """Components by what refers to them, each with all its places."""
    known: dict[str, Object] = {}
    places: dict[str, list[JsonValue]] = {}
    for dependency in found:
        name, version = plain.line(dependency.name), plain.line(dependency.version or "")
        purl = _purl(dependency.ecosystem, name, version)
        if purl not in known:
            known[purl] = {"type": "library", "bom-ref": purl, "name": name, "purl": purl}
            if version:
                known[purl]["version"] = version
            if dependency.license:
                known[purl]["licenses"] = [_license(plain.line(dependency.license))]
            known[purl]["properties"] = places[purl] = [
                {"name": "dockyard:policy", "value": dependency.status.value},
                {"name": "dockyard:licence-source", "value": plain.line(dependency.source or "none")},
            ]
        places[purl].append({"name": "dockyard:declared", "value": f"{plain.line(dependency.file)}:{dependency.line}"})
    return list(known.items())


def _license(text: str) -> Object:
    """An SPDX expression as such; any other text by its name, which claims nothing."""
    if _EXPRESSION.fullmatch(text):
        return {"expression": text}
    return {"license": {"name": text}}


_EXPRESSION = re.compile(r"\(*[A-Za-z0-9.+-]+\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*")


def _purl(ecosystem: str, name: str, version: str) -> str:
    """https://github.com/package-url/purl-spec: names of PyPI are lower case with dashes, npm's scope is the namespace."""
    if ecosystem == "python":
        name = re.sub(r"[-_.]+", "-", name).lower()
    path = "/".join(quote(part, safe="") for part in name.split("/"))
    return f"pkg:{_PURL_TYPES[ecosystem]}/{path}" + (f"@{quote(version, safe='')}" if version else "")
