"""Numbers for Prometheus, counted anew for each scrape: every replica tells the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import Enum

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flows.errors import UnavailableError
from flows.service import RunState
from flows.service.accounts import Principal
from flows.service.approvals import State, Survey
from ui.api.access import MetricsReader
from ui.api.hub import Hub
from ui.api.problems import Responses

TAGS: list[str | Enum] = ["metrics"]

_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class Numbers(Collector):
    """What was counted. `runs` is None where Prefect could not be asked."""

    def __init__(self, survey: Survey, runs: dict[RunState, int] | None) -> None:
        self.survey = survey
        self.runs = runs

    def collect(self) -> Iterator[Metric]:
        """The same, as Prometheus takes it."""
        gates = GaugeMetricFamily("dockyard_gates", "Gates by how they stand.", labels=["state"])
        stand = Counter(gate.state for gate in self.survey.gates)
        for state in State:
            gates.add_metric([state.value], stand[state])
        yield gates
        yield GaugeMetricFamily("dockyard_gates_broken", "Gates that were changed in the database.", len(self.survey.broken))
        said = Counter((one.choice.value, one.door.value) for gate in self.survey.gates for one in gate.decisions)
        decisions = CounterMetricFamily("dockyard_decisions", "What people said at gates.", labels=["choice", "door"])
        for labels, count in sorted(said.items()):
            decisions.add_metric([*labels], count)
        yield decisions
        yield GaugeMetricFamily("dockyard_prefect_up", "Whether Prefect's server answers.", int(self.runs is not None))
        if self.runs is not None:
            runs = GaugeMetricFamily("dockyard_runs", "Runs by state.", labels=["state"])
            for run_state, count in self.runs.items():
                runs.add_metric([run_state.value], count)
            yield runs


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operation on metrics."""

    @app.get("/metrics", tags=TAGS, response_class=Response, responses=_TEXT)
    def get_metrics(asks: MetricsReader) -> Response:
        """Gates, decisions and runs of the workspace, as Prometheus scrapes them; of the whole hub for the default one.

        Without Prefect the numbers of runs are left out.
        """
        registry = CollectorRegistry()
        registry.register(Numbers(hub.survey(asks), _runs(hub, asks)))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _runs(hub: Hub, asks: Principal) -> dict[RunState, int] | None:
    try:
        return hub.count_runs(asks)
    except UnavailableError:
        return None
