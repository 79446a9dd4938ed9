"""The security-scanner: code rules over the whole tree, data-following rules where requests are, and secrets."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from agents.contract.interface import Agent, Context
from agents.contract.schema import Confidence, Finding, NoteKind, Summary, finish
from agents.contract.workspace import Workspace
from agents.engines import secrets, semgrep
from agents.security_scanner import narrow, rulebook
from agents.security_scanner.places import MINIFIED, Excluded, is_test, weighed
from agents.security_scanner.schema import MANIFEST, CategoryCount, Scope, SecurityScan, SecurityScanParams


class SecurityScanner(Agent[SecurityScanParams, SecurityScan]):
    """Looks for weaknesses without running any of the repository's code."""

    manifest = MANIFEST

    def run(self, params: SecurityScanParams, context: Context) -> SecurityScan:
        """Scan the workspace. Raises EngineError when an engine is missing or fails as a whole."""
        workspace = context.workspace
        excluded = Excluded(params.exclude)
        chosen = frozenset(
            file for file in workspace.files() if not excluded(file) and (params.include_tests or not is_test(file))
        )
        rules = [rule for rule in rulebook.rules() if rule.category in params.scopes]
        found = list(_by_rules(workspace, rules, chosen, params.exclude))
        context.log.info("%d code rules over %d files: %d findings", len(rules), len(chosen), len(found))
        if Scope.SECRETS in params.scopes:
            found += (item for item in secrets.scan(workspace, exclude=params.exclude) if item.file in chosen)
        sure = _ranks(params.min_confidence)
        findings = finish(item for item in map(weighed, found) if item.confidence in sure)
        return SecurityScan(
            summary=Summary.of(findings),
            findings=findings,
            notes=workspace.notes,
            files_scanned=len(chosen),
            rules_run=len(rules),
            by_category=_by_category(findings),
        )


def _by_rules(
    workspace: Workspace, rules: Sequence[rulebook.Rule], chosen: Collection[str], exclude: Sequence[str]
) -> Iterator[Finding]:
    built = [file for file in sorted(chosen) if MINIFIED.search(file)]
    for file in built:
        workspace.note(NoteKind.VENDORED, file, "built or minified: only its secrets are looked for")
    kept = frozenset(chosen).difference(built)
    anywhere = [rule for rule in rules if rule.sources is None]
    following = [rule for rule in rules if rule.sources is not None]
    with tempfile.TemporaryDirectory(prefix="security-") as scratch:
        if anywhere:
            book = Path(scratch) / "anywhere.yaml"
            book.write_text(rulebook.compose(anywhere), encoding="utf-8")
            found = semgrep.scan(workspace, [book], exclude=[*exclude, "*.min.*", "*.bundle.*"])
            yield from (finding for finding in found if finding.file in kept)
        if following:
            book = Path(scratch) / "following.yaml"
            book.write_text(rulebook.compose(following), encoding="utf-8")
            yield from _followed(workspace, book, following, kept, Path(scratch) / "tree")


def _followed(
    workspace: Workspace, book: Path, rules: Sequence[rulebook.Rule], kept: Collection[str], tree: Path
) -> Iterator[Finding]:
    tree.mkdir()
    sources = {rule.sources for rule in rules if rule.sources is not None}
    # No stranger's request reaches test code: following its data would only cost time.
    if narrow.copy_matching(workspace, sources, tree, lambda file: file in kept and not is_test(file)):
        copy = Workspace(tree)
        yield from semgrep.scan(copy, [book])
        for note in copy.notes:
            workspace.note(note.kind, note.file, note.detail)


def _ranks(least: Confidence) -> frozenset[Confidence]:
    order = list(Confidence)
    return frozenset(order[: order.index(least) + 1])


def _by_category(findings: Sequence[Finding]) -> tuple[CategoryCount, ...]:
    counts = Counter(finding.rule.partition("/")[0] for finding in findings)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CategoryCount(category=category, count=count) for category, count in ordered)
