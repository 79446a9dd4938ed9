"""Numbers for Prometheus: what waits, what was said, and whether Prefect answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from flows.approvals import Choice, Door, Ledger
from flows.service.accounts import Role
from tests.flows.approvals.asking import request_of
from tests.flows.service.waiting import POLICY
from tests.ui.api.conftest import As


def test_gates_and_decisions_are_counted(clients: As, ledger: Ledger) -> None:
    now = datetime.now(UTC)
    times = {"opened": now, "expires": now + timedelta(hours=1)}
    first, _ = (ledger.request(request_of(POLICY, node=node).model_copy(update=times)) for node in ("a", "b"))
    ledger.decide(first.gate, "zoe", Choice.REJECT, digest=first.digest, door=Door.CLI, now=now, policy=POLICY)
    answer = clients("vera", Role.VIEWER).get("/api/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert (found["dockyard_gates", "open"], found["dockyard_gates", "rejected"]) == (1, 1)
    assert found["dockyard_decisions_total", "reject", "cli"] == 1
    assert (found["dockyard_gates_broken",], found["dockyard_prefect_up",]) == (0, 0)
    assert not [key for key in found if key[0] == "dockyard_runs"]
