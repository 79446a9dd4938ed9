"""What each code of a workflow's problems means, for those who read it away from the documentation."""

from __future__ import annotations

from types import MappingProxyType

from agents.contract.schema import Frozen


class ProblemRule(Frozen):
    """A code's title, and what to do about it."""

    title: str
    remedy: str


def _rule(title: str, remedy: str) -> ProblemRule:
    return ProblemRule(title=title, remedy=remedy)


RULES = MappingProxyType(
    {
        "DY001": _rule(
            "The file is not readable as plain YAML",
            "Mend the YAML. Workflows are plain data: no aliases, no tags, every key once.",
        ),
        "DY002": _rule(
            "A key is unknown, missing, or has a value of the wrong kind",
            "Look the key up in the workflow reference; the message names the nearest one that exists.",
        ),
        "DY003": _rule("A node id stands twice", "Give one of the nodes another id."),
        "DY004": _rule("There is no such agent", "Choose one that `dockyard agents` lists."),
        "DY005": _rule(
            "An input that does not exist, or one that is needed and missing",
            "The agent's reference page lists its params; `dockyard agents` names them.",
        ),
        "DY006": _rule(
            "Nodes wait for each other in a circle",
            "Take out one edge or template of the path that the message prints.",
        ),
        "DY007": _rule("An edge names a node that is not there", "Correct the id, or remove the edge."),
        "DY008": _rule(
            "A template cannot be parsed",
            "Write an expression with the filters that the workflow reference lists; there are no statements and no calls.",
        ),
        "DY009": _rule(
            "A template reads what does not exist",
            "Read a field of a node's report, a param or a field of the run; the message names the nearest one.",
        ),
        "DY010": _rule(
            "A template reads what may be missing",
            "Give it a default, or let the node start only when what it reads is there.",
        ),
        "DY011": _rule(
            "A value does not fit the param it is given to",
            "Give a value of the type that the agent's reference page names.",
        ),
        "DY012": _rule(
            "An agent needs an approval that nobody could give",
            "Give the node an `approval` with approvers, enough of them for its quorum.",
        ),
        "DY013": _rule(
            "A param's default or choice does not fit its type",
            "Correct the value or the type; a default must be one of the choices.",
        ),
        "DY014": _rule(
            "A node can never start",
            "Change its `run_if` or `when`, or what it waits for; or remove it.",
        ),
        "DY015": _rule(
            "A fan-out over something that is no list, or too long a list",
            "Give `for_each` a list, or a template whose value is one.",
        ),
        "DY016": _rule(
            "A loop whose condition cannot change",
            "Let `until` be one whole expression that reads the output of the node itself.",
        ),
        "DY017": _rule(
            "A failure's handler that cannot handle it",
            "Name another node in `on_error` that comes after this one and has no `run_if` of its own.",
        ),
        "DY018": _rule(
            "A workflow that cannot be run as a node",
            "Name a workflow of the workflows folder that has no problems, does not run this one, and takes these inputs.",
        ),
        "DY019": _rule(
            "A schedule that cannot start a run",
            "Give a cron line of five fields, an IANA time zone, and a value for every param without default.",
        ),
        "DY020": _rule(
            "Limits, secrets or an approval that cannot be had",
            "Ask for secrets that the agent declares, and for no more approvals than there are approvers.",
        ),
        "DY021": _rule(
            "A trigger that cannot start a run",
            "Let its filter and params read `event` alone, and give params that the workflow has.",
        ),
    }
)
"""Every code there is. The words of single problems are those of the check that finds them."""
