"""Findings on the page: which are chosen, and a page of them as a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agents.contract.schema import Confidence, Finding, Severity
from flows.service.reports import Entry, RuleCount
from ui.page.pieces import BREAK, Tone, badge, code, join, notice, table, text

PAGE = 50
"""Findings that are shown at once."""
TONES = {
    Severity.CRITICAL: Tone.CRITICAL,
    Severity.ERROR: Tone.ERROR,
    Severity.WARNING: Tone.WARNING,
    Severity.INFO: Tone.INFO,
}
_SNIPPET = 400
"""Characters of a line of code: some are a whole file."""


def findings_html(entries: Sequence[Entry], *, first: int, total: int, chosen: bool) -> Markup:
    """Findings number `first` (from 1) on, of `total`. `chosen`: a filter is set."""
    if not entries:
        said = (
            "No finding fits. Change or empty the filters above." if chosen else "There is no finding: nothing to do here."
        )
        return notice(said, Tone.INFO if chosen else Tone.FINE)
    caption = f"Findings {first} to {first + len(entries) - 1} of {total}, new ones first, then the worst"
    return table(caption, ("Place", "Severity", "Rule", "What, and how to fix it"), [_row(entry) for entry in entries])


def rules_html(counts: Sequence[RuleCount], *, shown: int = 40) -> Markup:
    """Findings counted by severity and rule."""
    if not counts:
        return Markup("")
    rows = [(one.rule, badge(one.severity.value, TONES[one.severity]), one.count, one.fresh) for one in counts[:shown]]
    more = f", the {shown} worst of {len(counts)} rules" if len(counts) > shown else ""
    return table(f"Findings by severity and rule{more}", ("Rule", "Severity", "Findings", "New"), rows)


def place(finding: Finding) -> Markup:
    """`file:line`, or that it is about the whole repository."""
    if not finding.file:
        return text("repository")
    return code(f"{finding.file}:{finding.line}" if finding.line else finding.file)


def _row(entry: Entry) -> tuple[Markup, Markup, Markup, Markup]:
    found = entry.finding
    marks = [badge(found.severity.value, TONES[found.severity])]
    if entry.fresh:
        marks.append(badge("new", Tone.INFO))
    doubt = "" if found.confidence is Confidence.HIGH else f" ({found.confidence.value} confidence)"
    said = [text(f"{found.message}{doubt}")]
    if found.snippet:
        said.append(code(found.snippet.strip()[:_SNIPPET]))
    if found.remediation:
        said.append(Markup('<span class="dy-soft">To fix it: {}</span>').format(text(found.remediation)))
    rule = [code(found.rule), Markup('<span class="dy-soft">{}</span>').format(text(found.cwe or entry.node))]
    return place(found), join(marks), join(rule, BREAK), join(said, BREAK)
