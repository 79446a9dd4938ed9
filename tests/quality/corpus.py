"""The corpus: projects of labelled files, and how one becomes a workspace.

`corpus/<agent>/` holds files named `<name>.sample`, so that neither this repository's own linters nor a scan of it
takes them for its code. For compliance-checker, whose subject is a whole repository, each folder is a project of its own;
for the others the folder of the agent is.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ConfigDict, JsonValue
from pydantic.dataclasses import dataclass as validated
from ruamel.yaml import YAML

from tests.quality.credentials import fill
from tests.quality.labels import Label, Verdict, cut

CORPUS = Path(__file__).parent / "corpus"
AGENTS = ("security-scanner", "code-reviewer", "compliance-checker")
WHOLE_REPOSITORY = frozenset({"compliance-checker"})
SEED = "dockyard-quality-1"
SUFFIX = ".sample"


@dataclass(frozen=True)
class Project:
    """One workspace. `files` are as the agent sees them; `license` is what the licence file must be recognised as."""

    agent: str
    name: str
    files: dict[str, str]
    labels: tuple[Label, ...]
    params: dict[str, JsonValue] = field(default_factory=dict)
    license: str | None = None

    def write(self, folder: Path) -> None:
        """Lay the files out in `folder`."""
        for name, text in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")

    def write_tar(self, path: Path) -> None:
        """The files as a tar, as a runtime stages it."""
        with tarfile.open(path, "w") as tar:
            for name, text in self.files.items():
                content = text.encode()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


@validated(config=ConfigDict(extra="forbid"))
class _Sidecar:
    """labels.yaml, key by key. `files`: labels of whole files. `dependencies`: by name, denied or fine."""

    expect: list[str] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    maybe: list[str] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)
    dependencies: dict[str, list[str]] = field(default_factory=dict)
    scope: str | None = None
    params: dict[str, JsonValue] = field(default_factory=dict)
    license: str | None = None


def projects(agent: str) -> tuple[Project, ...]:
    """The projects of that agent, by name. Raises ValueError or KeyError where a label or a placeholder is wrong."""
    root = CORPUS / agent
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if agent in WHOLE_REPOSITORY else [root]
    return tuple(_project(agent, folder, "" if folder == root else folder.name) for folder in folders)


def _project(agent: str, folder: Path, name: str) -> Project:
    files: dict[str, str] = {}
    labels: list[Label] = []
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        file = path.relative_to(folder).as_posix().removesuffix(SUFFIX)
        text, found = cut(path.read_text(encoding="utf-8"), name, file)
        files[file] = fill(text, f"{SEED}:{name}/{file}")
        labels += found
    sidecar = _sidecar(folder / "labels.yaml")
    labels += _of_sidecar(sidecar, name)
    params = dict(sidecar.params)
    if name:
        params.setdefault("scope", sidecar.scope or "licenses")
    return Project(agent, name, files, tuple(labels), params, sidecar.license)


def _sidecar(path: Path) -> _Sidecar:
    if not path.exists():
        return _Sidecar()
    return _Sidecar(**(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}))


def _of_sidecar(sidecar: _Sidecar, project: str) -> list[Label]:
    labels = [Label(project, Verdict.EXPECT, (kind,)) for kind in sidecar.expect]
    labels += [Label(project, Verdict.FINE, (kind,)) for kind in sidecar.fine]
    labels += [Label(project, Verdict.MAYBE, (kind,)) for kind in sidecar.maybe]
    labels += [Label(project, Verdict.EXPECT, tuple(entry["expect"].split("|")), entry["file"]) for entry in sidecar.files]
    for verdict, key in ((Verdict.EXPECT, "denied"), (Verdict.FINE, "fine")):
        for name in sidecar.dependencies.get(key, []):
            labels.append(Label(project, verdict, ("dependency-denied",), mentions=name))
    if sidecar.license is not None:
        labels.append(Label(project, Verdict.EXPECT, ("license-identified",), mentions=sidecar.license))
    return labels
