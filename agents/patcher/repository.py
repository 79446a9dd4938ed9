"""git in a folder of our own, deaf to every configuration: it writes diffs and applies them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.engines import process

# Takes every attribute away that would change content or say how a diff shows it.
_ATTRIBUTES = "* -text -eol -filter -ident -working-tree-encoding {diff}\n"
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = ("core.fileMode=true", "core.hooksPath=/dev/null", "core.quotePath=false", "gc.auto=0")
SECONDS = 120.0


class Repository:
    """A bare repository in `folder`, which is made. Its methods raise EngineError when git refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        process.run(["git", "init", "--quiet", "--bare", "--template=", folder], env=self._environment, timeout=SECONDS)
        (folder / "info").mkdir(exist_ok=True)
        self._attributes(binary=False)

    @property
    def _environment(self) -> dict[str, str]:
        return {**_ENVIRONMENT, "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}

    def _attributes(self, *, binary: bool) -> None:
        # `-diff` shows a file as binary, `!diff` leaves it to git, which looks for NUL bytes.
        text = _ATTRIBUTES.format(diff="-diff" if binary else "!diff")
        (self.folder / "info" / "attributes").write_text(text, encoding="utf-8")

    def _git(self, *arguments: str | Path, work: Path | None = None, index: Path | None = None) -> str:
        command: list[str | Path] = ["git", "--git-dir", self.folder]
        for setting in _SETTINGS:
            command += ["-c", setting]
        if work is not None:
            command += ["-c", "core.bare=false", "--work-tree", work]
        extra = {"GIT_INDEX_FILE": str(index)} if index else {}
        return process.run([*command, *arguments], cwd=work, env={**self._environment, **extra}, timeout=SECONDS)

    def tree(self, folder: Path) -> str:
        """The id of the tree that holds every file below `folder`, byte by byte."""
        index = self.folder / f"index-{folder.name}"
        self._git("add", "--all", "--force", "--", ".", work=folder, index=index)
        return self._git("write-tree", index=index).strip()

    def diff(self, before: str, after: str, files: Sequence[str], *, binary: bool = False) -> str:
        """The diff of `files` between two trees; as binary patches when `binary`, empty when there are no files."""
        if not files:
            return ""
        self._attributes(binary=binary)
        options = ("-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
        # The one part that may not be UTF-8 is the hint behind a hunk's second @@, which git cuts in mid-character.
        text = self._git("diff-tree", *options, before, after, "--", *files)
        self._attributes(binary=False)
        return text

    def apply(self, diff: str, folder: Path, *, reverse: bool = False) -> None:
        """Apply `diff` to the files in `folder`, or take it off."""
        patch = self.folder / "patch.diff"
        patch.write_bytes(diff.encode("utf-8"))
        options = ["--whitespace=nowarn", *(["--reverse"] if reverse else [])]
        self._git("apply", *options, patch, work=folder, index=self.folder / "index-apply")
