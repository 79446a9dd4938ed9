"""A run on the page: its state and progress, its picture, and its nodes as a table."""

from __future__ import annotations

import base64
from datetime import datetime

from markupsafe import Markup

from flows.service import RunHandle, RunState, plain
from flows.service.moments import Moment, NodeMoment, Stage, picture
from ui.page.pieces import Tone, badge, definitions, here, join, notice, section, table, text

TONES = {
    RunState.PENDING: Tone.PLAIN,
    RunState.RUNNING: Tone.INFO,
    RunState.WAITING: Tone.WARNING,
    RunState.CANCELLING: Tone.WARNING,
    RunState.COMPLETED: Tone.FINE,
    RunState.FAILED: Tone.ERROR,
    RunState.CANCELLED: Tone.WARNING,
}
_STAGES = {
    Stage.AHEAD: Tone.PLAIN,
    Stage.RUNNING: Tone.INFO,
    Stage.ASKING: Tone.WARNING,
    Stage.COMPLETED: Tone.FINE,
    Stage.FAILED: Tone.ERROR,
    Stage.SKIPPED: Tone.PLAIN,
}


def run_html(moment: Moment, now: datetime) -> Markup:
    """Everything about a run but its picture and log."""
    run = moment.run
    head = Markup("<h2>{} {}</h2>").format(
        text(f"{run.workflow or 'workflow from a file'}: {run.name}"), badge(run.state.value, TONES[run.state])
    )
    ended = moment.ended
    facts = [
        ("Repository", run.repository),
        ("Commit", f"{plain.line(ended.commit)[:12]}" if ended else None),
        ("Asked for", f"{run.created:%Y-%m-%d %H:%M:%S %Z}" if run.created else None),
        ("Elapsed", elapsed(run, now)),
        ("Run", Markup("<code>{}</code>").format(str(run.id))),
    ]
    return join(
        [
            head,
            progress(moment),
            *notices(moment),
            definitions([(label, value) for label, value in facts if value]),
            _results(moment),
            section("Nodes", nodes_table(moment.nodes)),
        ]
    )


def progress(moment: Moment) -> Markup:
    """How many nodes have ended, as a bar and in words."""
    count = len(moment.nodes)
    if not count:
        return Markup("<p>Its nodes are known once it has begun.</p>")
    running = [node.name for node in moment.nodes if node.stage is Stage.RUNNING]
    more = f"; running: {', '.join(running[:4])}{' …' if len(running) > 4 else ''}" if running else ""
    return Markup('<p><progress value="{0}" max="{1}" aria-label="{0} of {1} nodes"></progress> {2}</p>').format(
        moment.done, count, text(f"{moment.done} of {count} nodes{more}")
    )


def notices(moment: Moment) -> list[Markup]:
    """What somebody should know or do about the run."""
    run = moment.run
    found = []
    if moment.waits_for:
        found.append(notice(f"It does not begin yet: {moment.waits_for}.", Tone.WARNING))
    for gate in moment.gates:
        asks = f"{gate.request.display_name} waits for people: "
        found.append(
            Markup('<div class="dy-notice dy-warning" role="status"><p>{}{}</p></div>').format(
                text(asks), here("open its gate", gate=gate.id)
            )
        )
    if run.state is RunState.WAITING and not moment.gates:
        found.append(notice("It goes on as soon as a worker sees what people decided.", Tone.INFO))
    if run.state is RunState.FAILED and run.message:
        found.append(notice(run.message, Tone.ERROR))
    elif run.message and run.state is RunState.CANCELLED:
        found.append(notice(run.message, Tone.WARNING))
    return found


def elapsed(run: RunHandle, now: datetime) -> str:
    """How long the run has worked; while it goes on, how long ago it was asked for."""
    if run.state.final or run.created is None:
        return duration(run.seconds)
    return duration((now - run.created).total_seconds())


def duration(seconds: float) -> str:
    """`12 s`, `3 min 5 s` or `2 h 4 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def nodes_table(nodes: tuple[NodeMoment, ...]) -> Markup:
    """Every node with how far it is."""
    if not nodes:
        return Markup('<p class="dy-soft">No node has begun.</p>')
    rows = [(node.name, node.runs, badge(node.stage.value, _STAGES[node.stage]), node.reason) for node in nodes]
    return table("Nodes of the run", ("Node", "Runs", "State", "Reason"), rows)


def picture_html(moment: Moment) -> Markup:
    """The graph as a picture; the table of nodes says the same in words."""
    drawn = picture(moment)
    if drawn is None:
        return Markup('<p class="dy-soft">There is no picture: this machine does not have the run\'s workflow.</p>')
    return image(drawn, f"Graph of {moment.run.workflow}, nodes coloured by their state. The table of nodes says the same.")


def image(svg: str, says: str) -> Markup:
    """A picture that cannot run anything, whatever is written in it."""
    data = base64.b64encode(svg.encode()).decode()
    return Markup(
        '<div class="dy-picture" tabindex="0" role="region" aria-label="{0}">'
        '<img alt="{0}" src="data:image/svg+xml;base64,{1}"></div>'
    ).format(text(says), data)


def _results(moment: Moment) -> Markup:
    ended = moment.ended
    if ended is None:
        return (
            notice("It ended without a report. Its log below says how far it came.", Tone.INFO)
            if moment.run.state.final
            else Markup("")
        )
    run = str(moment.run.id)
    total = sum(node.report.summary.total for node in ended.nodes if node.report is not None and not node.group)
    return Markup("<p>{}. {} · {}</p>").format(
        f"{total} finding{'' if total == 1 else 's'}",
        here("Compliance report", run=run, tab="compliance"),
        here("Code review report", run=run, tab="review"),
    )
