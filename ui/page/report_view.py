"""A report on the page: the verdict, the counts, and what each agent reports beside its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from agents.code_reviewer.schema import CodeReview
from agents.compliance_checker.schema import ComplianceReport, Dependency, Status
from agents.contract.schema import Severity, Summary
from flows.service import plain
from flows.service.reports import Choice, Index, NodeLine, NoteCount, Past, added, compliance_of, review_of
from ui.page.findings import TONES, place
from ui.page.pieces import Tone, badge, code, definitions, join, notice, section, table, text, tiles
from ui.page.plots import Series, bars, lines
from ui.page.run_view import duration

DEPENDENCIES = 300
SECRETS = 50
_STATUS = {
    Status.DENIED: Tone.ERROR,
    Status.UNKNOWN: Tone.WARNING,
    Status.UNRESOLVED: Tone.WARNING,
    Status.ALLOWED: Tone.FINE,
}


def head_html(index: Index, nodes: Sequence[NodeLine], fresh: int) -> Markup:
    """Pass or fail, what was looked at, and the counts."""
    head = index.head
    counts = total(nodes)
    facts = definitions(
        [
            ("Run", head.name),
            ("Workflow", head.workflow),
            ("Repository", plain.address(head.repository) or head.repository),
            ("Commit", code(head.commit[:12])),
            (
                "Ended",
                f"{head.finished:%Y-%m-%d %H:%M} UTC, after {duration((head.finished - head.started).total_seconds())}",
            ),
        ]
    )
    new = f"{fresh} new" if index.compared else "not known"
    shown = [(severity.value, getattr(counts, severity.value), TONES[severity]) for severity in Severity]
    since = f"since {index.compared}" if index.compared else "no earlier run to compare with"
    return join(
        [
            verdict(nodes),
            facts,
            *(notice(said, Tone.WARNING) for said in head.notices),
            tiles([*shown, (since, new, Tone.PLAIN)]),
        ]
    )


def verdict(nodes: Sequence[NodeLine]) -> Markup:
    """Passed where every node reported and nothing is an error or worse."""
    counts = total(nodes)
    silent = [node for node in nodes if not node.status.ok and not node.group]
    bad = counts.critical + counts.error
    if not bad and not silent:
        mild = (
            f" Worth a look: {counts.warning} of severity warning, {counts.info} of severity info." if counts.total else ""
        )
        return notice(f"Passed: no finding is an error or worse.{mild}", Tone.FINE)
    reasons = [f"{bad} {'finding is' if bad == 1 else 'findings are'} an error or worse"] if bad else []
    reasons += [f"{node.node} gave no report ({node.reason or node.status.value})" for node in silent]
    return notice(f"Failed: {'; '.join(reasons)}.", Tone.ERROR)


def total(nodes: Sequence[NodeLine]) -> Summary:
    """The nodes' findings counted."""
    return added([node.summary for node in nodes])


def compliance_html(index: Index, choice: Choice) -> Markup:
    """Secrets, licences, dependencies and headers."""
    reports = [report for node in index.nodes(choice) if (report := compliance_of(node)) is not None]
    return join(
        [_secrets(index, choice), *(_compliance(report) for report in reports), notes_html(index.note_counts(choice))]
    )


def review_html(index: Index, choice: Choice) -> Markup:
    """Sizes, complexity and hotspots."""
    nodes = [(node, report) for node in index.nodes(choice) if (report := review_of(node)) is not None]
    return join([*(_review(node, report) for node, report in nodes), notes_html(index.note_counts(choice))])


def trend_html(past: Sequence[Past], agents: Sequence[str], *, review: bool) -> Markup:
    """Findings (and for reviews the mean complexity) over runs."""
    if len(past) < 2:
        return section("Trend", "A trend needs a second run of this workflow over this repository.")
    counted = [_counted(one, agents, review=review) for one in past]
    labels = [f"{one.glance.finished:%Y-%m-%d %H:%M}" for one in past]
    found = [
        Series(name="all findings", values=tuple(summary.total for summary, _ in counted)),
        Series(name="errors or worse", values=tuple(summary.critical + summary.error for summary, _ in counted)),
    ]
    rows = [
        (label, one.run.name, summary.total, summary.critical + summary.error, *([mean] if review else []))
        for label, one, (summary, mean) in zip(labels, past, counted, strict=True)
    ]
    headings = ("Ended (UTC)", "Run", "Findings", "Errors or worse", *(["Mean complexity"] if review else []))
    pictures = [lines("Findings over runs; the table below has the numbers", labels, found)]
    if review:
        mean = [Series(name="mean complexity", values=tuple(mean for _, mean in counted))]
        pictures.append(lines("Mean complexity over runs; the table below has the numbers", labels, mean))
    return section("Trend", *pictures, table("The trend in numbers", headings, rows))


def notes_html(notes: Sequence[NoteCount]) -> Markup:
    """What was not looked at, or only partly."""
    if not notes:
        return Markup("")
    rows = [(note.kind.value, note.count, note.example) for note in notes]
    return section("What was not looked at", table("Notes by kind", ("Kind", "Count", "Example"), rows))


def _counted(past: Past, agents: Sequence[str], *, review: bool) -> tuple[Summary, float | None]:
    found: Counter[str] = Counter()
    mean = None
    for node in past.glance.nodes:
        if node.report is not None and not node.group and ((node.agent in agents) is review):
            found.update(node.report.summary.model_dump())
            if node.report.complexity is not None:
                mean = node.report.complexity.mean
    return Summary.model_validate(found), mean


def _secrets(index: Index, choice: Choice) -> Markup:
    found = [
        entry
        for entry in index.entries(choice.model_copy(update={"search": "secrets/"}), 0, 4 * SECRETS)
        if entry.finding.rule.startswith("secrets/")
    ]
    if not found:
        return section("Secrets", "No secret was found.")
    rows = [
        (place(entry.finding), code(entry.finding.rule), code((entry.finding.snippet or "").strip()[:200]))
        for entry in found[:SECRETS]
    ]
    more = f"; the first {SECRETS}" if len(found) > SECRETS else ""
    return section("Secrets", table(f"Secrets, masked{more}", ("Place", "Rule", "Line"), rows))


def _compliance(report: ComplianceReport) -> Markup:
    parts = []
    if report.license is not None:
        known = report.license
        facts = [("Text", known.spdx or "not recognised"), ("Declared", known.declared or "nothing"), ("File", known.file)]
        parts.append(section("The repository's licence", definitions(facts)))
    parts.append(section("Licences of dependencies", _dependencies(report.dependencies)))
    if report.headers:
        parts.append(section("Security headers", _headers(report)))
    return join(parts)


def _dependencies(found: Sequence[Dependency]) -> Markup:
    if not found:
        return text("No dependency is declared, or licences were not in the scope of this run.")
    counts = Counter(dependency.status for dependency in found)
    order = list(_STATUS)
    ordered = sorted(found, key=lambda one: (order.index(one.status), one.name))
    rows = [
        (one.name, one.version or "", one.ecosystem, one.license or "not known",
         badge(one.status.value, _STATUS[one.status]), code(f"{one.file}:{one.line}"))
        for one in ordered[:DEPENDENCIES]
    ]  # fmt: skip
    more = f" The first {DEPENDENCIES} are shown; the CycloneDX export has all." if len(found) > DEPENDENCIES else ""
    said = ", ".join(f"{counts[status]} {status.value}" for status in order if counts[status])
    headings = ("Dependency", "Version", "From", "Licence", "Policy", "Declared in")
    return join([text(f"{len(found)} dependencies: {said}.{more}"), table("Dependencies by policy verdict", headings, rows)])


def _headers(report: ComplianceReport) -> Markup:
    names = sorted({name for app in report.headers for name in (*app.present, *app.missing)})
    rows = [
        (
            code(app.file),
            app.framework,
            *(badge("set", Tone.FINE) if name in app.present else badge("missing", Tone.ERROR) if name in app.missing else ""
              for name in names),
        )
        for app in report.headers
    ]  # fmt: skip
    return table("Security headers by application", ("Application", "Kind", *names), rows)


def _review(node: NodeLine, report: CodeReview) -> Markup:
    figures = report.complexity
    code_lines = sum(size.code_lines for size in report.languages)
    shown = tiles(
        [
            ("files", sum(size.files for size in report.languages), Tone.PLAIN),
            ("lines of code", code_lines, Tone.PLAIN),
            ("functions", figures.functions, Tone.PLAIN),
            ("mean complexity", figures.mean, Tone.PLAIN),
            ("highest complexity", figures.max, Tone.PLAIN),
        ]
    )
    sizes = [(size.language, size.files, size.lines, size.code_lines) for size in report.languages]
    parts = [shown]
    if sizes:
        parts.append(table("Languages", ("Language", "Files", "Lines", "Code lines"), sizes))
    return section(f"Metrics of {node.node}", *parts, _histogram(report), _hotspots(report))


def _histogram(report: CodeReview) -> Markup:
    found = [
        (f"{one.low} to {one.high}" if one.high else f"{one.low} and more", one.functions)
        for one in report.complexity.histogram
    ]
    if not found:
        return section(
            "Complexity", "This report has no histogram: an earlier version made it, or there is no function.", level=4
        )
    drawn = bars("Functions by cyclomatic complexity; the table below has the numbers", found)
    return section(
        "Complexity", drawn, table("Functions by cyclomatic complexity", ("Complexity", "Functions"), found), level=4
    )


def _hotspots(report: CodeReview) -> Markup:
    if not report.hotspots:
        return section("Hotspots", "No function has a branch, or an earlier version made this report.", level=4)
    known = any(one.changes is not None for one in report.hotspots)
    rows = [
        (code(f"{one.file}:{one.line}"), one.name, one.complexity, "" if one.changes is None else one.changes)
        for one in report.hotspots
    ]
    why = (
        "Complex functions in files that change often: complexity times commits of the past year. Simplify these first."
        if known
        else "The most complex functions. The repository has no history that says how often they change."
    )
    head = ("Place", "Function", "Complexity", "Commits in a year")
    return section("Hotspots", why, table("Hotspots, worst first", head, rows), level=4)
