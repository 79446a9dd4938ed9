"""Workflows of any size for measuring: a chain and a fan in one, with templates in every node."""

from __future__ import annotations

NAME = "generated"


def workflow(size: int) -> str:
    """The YAML text of a workflow with `size` nodes, at least 3: half a chain, then a fan, then one node that joins it.

    Each node of the chain reads the one before in `when` and `inputs`; each of the fan reads the chain's end.
    """
    chain = max(1, (size - 1) // 2)
    fan = size - 1 - chain
    lines = [
        f"name: {NAME}",
        "description: A generated graph.",
        "params:",
        "  limit: {type: integer, default: 15, description: Highest accepted complexity.}",
        "nodes:",
        "  - {id: step_0, agent: security-scanner}",
    ]
    for index in range(1, chain):
        before = f"step_{index - 1}"
        lines += [
            f"  - id: step_{index}",
            "    agent: code-reviewer",
            f"    when: \"{{{{ {before}.status == 'completed' and {before}.output.summary.critical < {index} }}}}\"",
            f'    inputs: {{max_complexity: "{{{{ params.limit + {before}.output.summary.total }}}}"}}',
        ]
    end = f"step_{chain - 1}"
    for index in range(fan):
        lines += [
            f"  - id: branch_{index}",
            "    agent: notifier",
            f'    inputs: {{message: "{{{{ {end}.output.summary.total }}}} findings in {{{{ run.repository }}}}, {index}"}}',
            "    retries: {max: 2, delay: 5s}",
        ]
    counted = " + ".join(f"(branch_{index}.output.summary.total | default(0))" for index in range(min(fan, 20)))
    lines += ["  - id: join", "    agent: notifier", "    run_if: always"]
    lines += [f'    inputs: {{message: "{{{{ {counted} }}}} in all"}}', "edges:"]
    lines += [f"  - {{from: branch_{index}, to: join}}" for index in range(fan)]
    return "\n".join(lines) + "\n"
