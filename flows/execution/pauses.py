"""The run's own state in Prefect while it does nothing but wait for people: Paused with its process, then Suspended.

Prefect's page shows a form for both. Its answer has no identity and the form no text: Prefect renders what is typed
there with Jinja. Whether the answer counts is the policy's to say; the run's state decides nothing, the ledger does.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from uuid import UUID, uuid4

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import Abort, Pause
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_paused_state
from prefect.states import Paused, Running, Suspended
from prefect.utilities.engine import propose_state_sync
from pydantic import Field, ValidationError, create_model

from flows.approvals import Choice
from flows.errors import RunEndedError

STATE_SECONDS = 1.0
"""How often Prefect is asked whether somebody resumed the run there."""
MARGIN_SECONDS = 86_400
"""How long after its gates expire a run may still be resumed: Prefect fails one that is paused for too long."""

_PREFIX = "dockyard-"
_PAGE = 200
"""As many inputs as Prefect gives at once."""


class GateForm(RunInput):
    """What Prefect's page asks for; `gate` is one of those that are open."""

    answer: Literal["approve", "reject"] = Field(description="Your answer, for the very change that is shown.")


class Pauses:
    """One run's pauses. A run without a deployment cannot be started again, so it is never suspended."""

    def __init__(self, client: SyncPrefectClient, run_id: UUID, *, grace: float, deployed: bool) -> None:
        """`grace`: seconds that the run waits in its process before it is suspended."""
        self._client = client
        self._run_id = run_id
        self._grace = grace
        self._deployed = deployed
        self._since: float | None = None
        self._shown: frozenset[str] = frozenset()
        self._next_look = 0.0
        self._entered = True
        self._leased: bool | None = None
        self._read: set[str] = set()

    @property
    def over(self) -> bool:
        """Whether the run has waited for as long as its process should."""
        return self._deployed and self._since is not None and time.monotonic() - self._since >= self._grace

    def rest(self, open_gates: Mapping[str, str], seconds: float) -> None:
        """Show the run as Paused, with a form for `open_gates` (id → what is asked), which stay open for so long."""
        asked = frozenset(open_gates)
        if self._since is not None and asked <= self._shown:
            return
        if self._since is None:
            self._since = time.monotonic()
        elif self._shown:
            self._propose(Running())  # a gate has come that the form does not offer
        # Prefect takes a run's concurrency slot away when it is paused, and then crashes it for having none.
        if not self._has_lease():
            self._shown = asked
            self._pause(Paused(timeout_seconds=_whole(seconds), reschedule=False, pause_key=_key()), open_gates)

    def wake(self) -> bool:
        """Show the run as Running again. False when it is being cancelled, and nothing may be begun.

        Raises RunEndedError when somebody ended it in Prefect.
        """
        if self._since is None:
            return True
        state = self._client.read_flow_run(self._run_id).state
        if state is not None and state.is_final():
            raise RunEndedError(f"the run was ended in Prefect while it waited: {state.name}")
        if state is not None and state.is_cancelling():
            return False
        if state is not None and state.is_paused():
            self._propose(Running())
        self._since, self._shown, self._entered = None, frozenset(), True
        return True

    def suspend(self, open_gates: Mapping[str, str], seconds: float, *, handled: int) -> None:
        """Leave the process; the run is entered again when more than the `handled` gates of it are closed.

        Raises Prefect's Pause, unless Prefect refuses: a run that is being cancelled goes on until it is ended.
        """
        if not self.wake():
            return
        state = self._pause(Suspended(timeout_seconds=_whole(seconds), pause_key=_key(handled)), open_gates)
        if state.is_paused():
            raise Pause(state=state)

    def asked_again(self) -> bool:
        """Whether there may be answers: the run was entered or woken just now, or resumed in Prefect while it rested.

        Prefect is asked for that once a second.
        """
        if self._entered:
            return True
        if self._since is None or not self._shown or time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + STATE_SECONDS
        state = self._client.read_flow_run(self._run_id).state
        if state is None or state.type is not StateType.RUNNING:
            return False
        self._since, self._shown, self._entered = None, frozenset(), True
        return True

    def _has_lease(self) -> bool:
        if self._leased is None:
            state = self._client.read_flow_run(self._run_id).state
            self._leased = state is not None and state.state_details.deployment_concurrency_lease_id is not None
        return self._leased

    def answers(self) -> Iterator[tuple[str, Choice]]:
        """What was answered in Prefect's page, as gate and answer; each until whoever asks comes back for the next.

        Once all are taken `asked_again` says no. Where something is raised in between, the rest is given another time.
        """
        for name in ("paused", "suspended"):
            while inputs := self._client.filter_flow_run_input(
                self._run_id, key_prefix=f"{name}-{_PREFIX}", limit=_PAGE, exclude_keys=self._read
            ):
                for given in inputs:
                    if given.key.endswith("-response"):
                        yield from self._answer(given.decoded_value)
                    self._read.add(given.key)
        self._entered = False

    def _answer(self, value: Any) -> list[tuple[str, Choice]]:
        try:
            form = _form({}).model_validate(value)
        except ValidationError as error:  # another form's; Prefect's API takes inputs from anybody
            get_run_logger().warning("An answer given in Prefect does not fit its form: %s", error.errors()[0]["msg"])
            return []
        return [(str(getattr(form, "gate")), Choice(form.answer))]  # noqa: B009 - the form is made at run time

    def _pause(self, state: State[Any], open_gates: Mapping[str, str]) -> State[Any]:
        keys = keyset_from_paused_state(state)
        state.state_details.run_input_keyset = dict(keys.items())
        form = _form(open_gates)
        # Before the state: who sees it paused must find the form, and a resume without one is refused.
        self._client.create_flow_run_input(self._run_id, keys["description"], _json(_asked(open_gates)))
        self._client.create_flow_run_input(self._run_id, keys["schema"], _json(form.model_json_schema()))
        return self._propose(state)

    def _propose(self, state: State[Any]) -> State[Any]:
        try:
            accepted = propose_state_sync(self._client, state, flow_run_id=self._run_id)
        except (Abort, Pause) as signal:  # said of a state that is final or, told twice, paused already
            found = self._client.read_flow_run(self._run_id).state
            if found is None:
                raise RunEndedError(f"Prefect does not let the run go on: {signal}") from signal
            accepted = found
        if accepted.type is not state.type:
            get_run_logger().warning("Prefect keeps the run %s instead of %s.", accepted.name, state.name)
        return accepted


def _form(open_gates: Mapping[str, str]) -> type[GateForm]:
    named = Field(description="The gate that you answer.", json_schema_extra={"enum": [*open_gates]} if open_gates else None)
    return create_model("GateForm", __base__=GateForm, gate=(str, named))


def _asked(open_gates: Mapping[str, str]) -> str:
    return "\n\n".join(open_gates.values())


def _json(value: object) -> str:
    return json.dumps(value)


def _key(handled: int = 0) -> str:
    return f"{_PREFIX}{handled}-{uuid4().hex[:12]}"


def handled_in(pause_key: str | None) -> int | None:
    """How many closed gates the run knew of when it was suspended; None for a pause that is not one of these."""
    found = re.fullmatch(rf"{_PREFIX}(\d+)-[0-9a-f]+", pause_key or "")
    return int(found[1]) if found else None


def _whole(seconds: float) -> int:
    return int(seconds) + MARGIN_SECONDS
