"""`make bench`: what Dockyard costs beside the bare thing it wraps, medians of one run on one machine.

Prints figures, judges nothing: a timing is never a pass or a fail.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from uuid import uuid4

from jinja2.sandbox import SandboxedEnvironment
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from agents.catalog import catalog
from agents.contract.schema import Request, RunInfo
from flows.definition import loader, templates
from flows.definition.graph import texts
from flows.errors import UnavailableError
from flows.execution.engine import connect
from flows.runtime import Job
from flows.runtime.docker import DockerRuntime
from flows.runtime.image import agent_image
from flows.runtime.protocol import request_line
from flows.runtime.sandbox import USER, WORKSPACE, host_config
from flows.service import LocalServices, Runs, RunState, StartRequest, lint_files
from flows.settings import ROOT, RuntimeName, settings
from flows.workspace import check_out
from tests.bench import bombs, decisions, graphs, large_report, many_nodes
from tests.bench.many_nodes import Cost

NODES = 6
LINTED_NODES = 1000
DECISIONS = 20
IDLE_PATIENCE = 180.0
"""Seconds after which a server that does not come to rest is taken as it is."""
MESSAGE = {"channel": "console", "message": "hello"}


def seconds(action: Callable[[], object]) -> float:
    """Wall clock of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], bare: Callable[[], object], runs: int) -> tuple[float, float]:
    """Medians of both, taken in turn so that a drift of the machine meets both; one warm-up each."""
    ours()
    bare()
    pairs = [(seconds(ours), seconds(bare)) for _ in range(runs)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def one_agent(name: str, params: dict[str, object], workspace: str) -> None:
    """An agent as a bare child process."""
    request = Request.model_validate({"agent": name, "params": params, "workspace": workspace})
    command = [sys.executable, "-m", catalog()[name].module]
    subprocess.run(command, input=request.model_dump_json().encode() + b"\n", check=True, capture_output=True, cwd=ROOT)


def second_make_run(runs: int, tree: Path) -> tuple[float, float]:
    """`make run` over this repository, beside its three analysers as bare child processes side by side."""

    def ours() -> None:
        # Without the outer make's variables: its ARGS are this script's, not the run's.
        env = {
            name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "ARGS")
        }
        done = subprocess.run(["make", "--silent", "run"], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"make run failed:\n{done.stderr[-2000:]}")

    def bare() -> None:
        with ThreadPoolExecutor() as pool:
            names = ("compliance-checker", "code-reviewer", "security-scanner")
            list(pool.map(lambda name: one_agent(name, {}, str(tree)), names))

    return paired(ours, bare, runs)


def one_container(runs: int, tar: Path) -> tuple[float, float]:
    """One agent on the Docker runtime, beside the same calls through the bare Engine API."""
    client = connect(settings())
    manifest = catalog()["notifier"]
    run = RunInfo(run="bench", node="bench")
    job = Job(manifest=manifest, params=dict(MESSAGE), run=run, timeout=60, log=lambda *_: None)
    with DockerRuntime(client, agent_image(), str(uuid4()), 2**20) as runtime:
        runtime.stage(tar)
        volume = f"dockyard-{runtime.run_id}"

        def bare() -> None:
            host = host_config(client, manifest.limits, manifest.isolation, {volume: {"bind": WORKSPACE, "mode": "ro"}})
            made = client.api.create_container(
                agent_image(), [manifest.module], user=USER, stdin_open=True, volumes=[WORKSPACE], host_config=host
            )
            container = client.containers.get(made["Id"])
            wire = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            container.start()
            wire._sock.sendall(request_line(job, WORKSPACE))
            while wire.read(65536):
                continue
            container.wait()
            wire.close()
            container.remove()

        return paired(lambda: runtime.run(job), bare, runs)


def flow_without_containers(runs: int, tree: Path) -> tuple[float, float]:
    """A flow of nodes on the local runtime, beside plain Prefect tasks that start the same processes."""
    nodes = [{"id": f"n{number}", "agent": "notifier", "inputs": MESSAGE} for number in range(NODES)]
    workflow = Path(tempfile.mkdtemp()) / "bench.yaml"
    workflow.write_text(json.dumps({"name": "bench", "nodes": nodes}))
    from prefect import flow, task

    from flows.run_workflow import run_workflow

    @task
    def plain() -> None:
        one_agent("notifier", dict(MESSAGE), str(tree))

    @flow(name="bench-plain")
    def by_hand() -> None:
        for future in [plain.submit() for _ in range(NODES)]:
            future.result()

    text = workflow.read_text() + "\n"
    return paired(lambda: run_workflow(str(tree), workflow=text, runtime=RuntimeName.LOCAL), by_hand, runs)


def through_worker(runs: int, tree: Path) -> tuple[float, float]:
    """From `start` to the end of a one-node run through server and worker, beside the agent's bare process."""
    known = Runs(settings())
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({"name": "bench-one", "nodes": [{"id": "n", "agent": "notifier", "inputs": MESSAGE}]}, file)
        file.flush()

        def ours() -> None:
            handle = known.start(StartRequest(workflow=file.name, repository=str(tree)))
            *_, last = known.watch(handle.id)
            if last.run.state is not RunState.COMPLETED:
                raise SystemExit(f"the benchmark's run ended {last.run.state.value}: {last.run.message}")

        return paired(ours, lambda: one_agent("notifier", dict(MESSAGE), str(tree)), runs)


def lint_of_many_nodes(runs: int, scratch: Path) -> tuple[float, float]:
    """Every check of a file with a thousand nodes, beside reading its YAML and parsing its templates alone."""
    text = graphs.workflow(LINTED_NODES)
    file = scratch / "many.yaml"
    file.write_text(text, encoding="utf-8")
    environment = SandboxedEnvironment()
    found = [inner for node in loader.load(text).workflow.all_nodes for _, inner in texts(node)]

    def ours() -> None:
        templates.parse.cache_clear()
        if lint_files([str(file)], settings()).problems:
            raise SystemExit("the benchmark's workflow is not a good one")

    def bare() -> None:
        YAML(typ="safe").load(text)
        for template in found:
            environment.parse(template)

    return paired(ours, bare, runs)


def many_nodes_run(runs: int, tree: Path) -> tuple[Cost, Cost]:
    """A run of many nodes that do nothing, beside the same graph as plain Prefect tasks: medians of both."""
    server = json.loads((settings().state_dir / "local.json").read_bytes())["server"]["pid"]

    def idle() -> None:
        before, deadline = processor_seconds(server), time.monotonic() + IDLE_PATIENCE
        while time.monotonic() < deadline:
            time.sleep(1)
            now = processor_seconds(server)
            if now - before < 0.15:
                return
            before = now

    ours, bare = many_nodes.sides(tree, idle)
    pairs = [(ours(), bare()) for _ in range(runs)]
    first, second = (
        Cost(median(cost.run for cost in side), median(cost.process for cost in side)) for side in zip(*pairs, strict=True)
    )
    return first, second


def processor_seconds(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dearest_bomb(runs: int) -> tuple[str, float]:
    """Of all templates that are refused the one that costs most, and the seconds of CPU until then."""
    answers = [bombs.go_off(bombs.ALL) for _ in range(runs)]
    cost = {name: median(each[name].seconds for each in answers) for name in bombs.ALL}
    name = max(cost, key=lambda each: cost[each])
    return name, cost[name]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default: %(default)s)")
    runs = parser.parse_args().runs
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    table = Table("What", "Dockyard s", "Bare s", "Ratio", "The bare thing", box=None)

    def row(what: str, bare: str, measured: tuple[float, float]) -> None:
        ours, base = measured
        table.add_row(what, f"{ours:.2f}", f"{base:.2f}", f"{ours / base:.2f}", bare)

    with tempfile.TemporaryDirectory() as scratch:
        tree, tar = Path(scratch) / "tree", Path(scratch) / "tree.tar"
        tree.mkdir()
        checkout = check_out(str(ROOT), "HEAD", state_dir=settings().state_dir, timeout=60)
        checkout.write_tar(tar)
        subprocess.run(["tar", "-xf", str(tar), "-C", str(tree)], check=True)
        # The first, for it needs no server, and one that has just started is busy.
        row(f"lint of {LINTED_NODES} nodes", "YAML and Jinja2 alone", lint_of_many_nodes(runs, Path(scratch)))
        LocalServices(settings()).use(lambda text: print(text, file=sys.stderr))
        ours, bare = many_nodes_run(runs, tree)
        what, by_hand = f"run of {many_nodes.NODES} nodes that do nothing", "the same graph written by hand as Prefect tasks"
        row(what, by_hand, (ours.run, bare.run))
        row("its process, until all is sent", "the other's", (ours.process, bare.process))
        row("second make run", "its analysers as child processes, side by side", second_make_run(runs, tree))
        try:
            row("one agent container", "the same calls of the Engine API", one_container(runs, tar))
        except UnavailableError as error:
            print(f"no figure for containers: {error}", file=sys.stderr)
        row(
            f"flow of {NODES} nodes, no containers",
            "plain Prefect tasks",
            flow_without_containers(runs, tree),
        )
        row("one-node run through the worker", "the agent's process", through_worker(runs, tree))
        Console().print(table)
        for state in (decisions.PAUSED, decisions.SUSPENDED):
            found = decisions.latencies(tree, state, DECISIONS)
            p95 = found[math.ceil(0.95 * len(found)) - 1]
            print(f"\nFrom a decision to the next node's start, run {state}: median {median(found):.2f} s, p95 {p95:.2f} s")
        found = large_report.opening(str(tree))
        print(
            f"\nThe page opens a report of {large_report.FINDINGS} findings in {found.first:.2f} s, under 2 s wanted; "
            f"the next time in {found.again:.2f} s, and turns to a page in the middle in {found.turned:.2f} s."
        )
    name, cost = dearest_bomb(runs)
    print(f"\nOf {len(bombs.ALL)} templates that are refused the dearest ({name}) costs {cost:.2f} s of CPU.")


if __name__ == "__main__":
    main()
