"""A run whose process and worker are both gone: Prefect marks it as Crashed once its heartbeats have stopped.

https://docs.prefect.io/v3/advanced/detect-zombie-flows describes the automation. A killed process is told by its worker
within seconds; this is for when nobody is left who could tell.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flows.errors import EXPIRED, INVALID_INPUT, REJECTED
from flows.settings import Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

AUTOMATION = "Dockyard: runs whose process is gone"
"""By this name it is known; whoever wants none disables it, since one that is deleted is made again."""

_HEARTBEAT = "heartbeat"
# A run that is Paused has its process and beats on; one that is Suspended has none. Resuming and AwaitingRetry: somebody
# starts it again, whose heartbeats then count anew.
_EXPECTED = (_HEARTBEAT, "Completed", "Failed", "Cancelled", "Crashed", "TimedOut", "Suspended", "Resuming", "AwaitingRetry")
_OURS = (INVALID_INPUT, REJECTED, EXPIRED)


def ensure_lost_runs_are_told(client: SyncPrefectClient, settings: Settings, flow: str) -> None:
    """Make the automation for the flow of that name, unless there is one: it is whoever's who changed it since."""
    if client.read_automations_by_name(AUTOMATION):
        return
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    seconds = settings.lost_after
    automation = AutomationCore(
        name=AUTOMATION,
        description=f"Marks a run as Crashed that has given no sign of life for {seconds} seconds. Made by Dockyard, once.",
        trigger=EventTrigger(
            after={_event(_HEARTBEAT)},
            expect={_event(name) for name in (*_EXPECTED, *_OURS)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification({"prefect.resource.role": ["flow"], "prefect.resource.name": [flow]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[
            ChangeFlowRunState(state=StateType.CRASHED, message=f"Its process gave no sign of life for {seconds} seconds.")
        ],
    )
    client.create_automation(automation)


def _event(name: str) -> str:
    return f"prefect.flow-run.{name}"
