"""Who looks at the page. Whoever mounts it says so, for every single event; the page itself knows no login."""

from __future__ import annotations

from agents.contract.schema import Frozen
from flows.people import DEFAULT_WORKSPACE, WorkspaceName


class Visitor(Frozen):
    """A person and what the person's role allows. `name` is what the ledger and the runs keep.

    `workspace` is whose runs, gates, reports and workflows the person sees.
    `may_run`: start and cancel runs. `may_decide`: decide at gates, where the gate's own policy allows it, too.
    Looking is allowed to every visitor. `arrivals` are the gates to which a link led the person in this session.
    """

    name: str
    workspace: WorkspaceName = DEFAULT_WORKSPACE
    may_run: bool = False
    may_decide: bool = False
    arrivals: frozenset[str] = frozenset()
