"""Templates that would take all time or memory: each is refused, by a count of work and not by a clock."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

from pydantic import JsonValue

from flows.definition.templates import MAX_TEMPLATE_CHARS, TemplateProblemError, parse, render
from flows.settings import ROOT

MEMORY = 1 << 30
"""Bytes of address space in which all of them must be refused."""
SECONDS = 300
"""After which a bomb has gone off: hundreds of times what all of them take."""

ALL = {
    "repeated text": "{{ 'a' * 10**9 }}",
    "repeated text, plainly": "{{ 'a' * 1000000000 }}",
    "repeated list": "{{ [1] * 1000000000 }}",
    "repeated by a boolean": "{{ true * 'a' }}",
    "power": "{{ 9**9**9**9 }}",
    "power in text": "x {{ 2**99999999 }}",
    "range": "{{ range(10**9) | list }}",
    "a join": "{{ params.big" + " ~ params.big" * 1400 + " }}",
    "a text of many": "{{ params.big }}" * 1200,
    "big numbers": "{{ " + "9" * 4000 + " * " + "9" * 4000 + " }}",
    "numbers beyond Python": "{{ " + "9" * 5000 + " }}",
    "multiplied numbers": "{{ " + " * ".join(["9" * 20] * 4) + " }}",
    "an infinite number": "{{ 1e999 }}",
    "a number that becomes infinite": "{{ 1e308 * 10 }}",
    "not a number": "{{ 'nan' | float }}",
    "replaced by much": "{{ params.big | replace('y', params.big) }}",
    "replaced between all": "{{ params.big | replace('', params.big) }}",
    "joined by much": "{{ params.many | join(params.big) }}",
    "quotes doubled": "{{ '\"'" + " | tojson" * 45 + " }}",
    "indented": "{{ params.many | tojson(indent=100000) }}",
    "rounded to ages": "{{ 1.5 | round(1000000000, 'ceil') }}",
    "rounded to ages ago": "{{ 5 | round(-1000000000, 'floor') }}",
    "mapped to much": "{{ params.many | map('replace', '1', params.big) | list | length }}",
    "a list of lists": "{{ [" + "params.many," * 1500 + "] }}",
    "a list of lists as text": "{{ [" + "params.big," * 1500 + "] | string }}",
    "a list of lists in text": "x {{ [" + "params.big," * 1500 + "] }}",
    "added lists": "{{ [params.many, params.many] | sum(start=[]) }}",
    "added texts": "{{ params.big" + " + params.big" * 45 + " }}",
    "formatted": "{{ '%1000000000d' % 1 }}",
    "centered": "{{ 'a' | center(1000000000) }}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 500 + "]" * 500 + " }}",
    "many minuses": "{{ " + "-" * 10_000 + "1 }}",
    "many nots": "{{ " + "not " * 4000 + "1 }}",
    "many additions": "{{ 1" + "+1" * 5000 + " }}",
    "many filters": "{{ 'a'" + "|upper" * 2000 + " }}",
    "many dots": "{{ a" + ".a" * 5000 + " }}",
    "a search in every item": "{{ params.numbers | select('in', params.numbers) | list | length }}",
    "a search for every item": "{{ params.rows | rejectattr('c', 'in', params.numbers) | list | length }}",
    "many searches": "{{ [" + "-1 in params.numbers," * 900 + "] | length }}",
    "many comparisons": "{{ [" + "params.numbers == params.numbers," * 580 + "] | length }}",
    "many sorts": "{{ [" + "params.numbers|sort|length," * 700 + "] | length }}",
    "many sorts by a field": "{{ [" + "params.rows|sort(attribute='c')|length," * 400 + "] | length }}",
    "many greatest": "{{ [" + "params.numbers|max," * 900 + "] | length }}",
    "many fields": "{{ [" + "params.rows|map(attribute='a.b')|length," * 450 + "] | length }}",
    "many looks": "{{ [" + "params.rows|selectattr('a.b','gt',5)|length," * 400 + "] | length }}",
    "many sums": "{{ [" + "params.rows|sum(attribute='a.b')," * 500 + "] | length }}",
    "many filters of items": "{{ params.numbers" + " | map('string') | map('int')" * 20 + " | length }}",
    "many joins": "{{ [" + "params.numbers|join|length," * 600 + "] | length }}",
    "many copies": "{{ [" + "params.numbers|list|reverse|list|length," * 400 + "] | length }}",
    "many additions of lists": "{{ [" + "(params.many + params.many)|length," * 500 + "] | length }}",
    "many unique": "{{ [" + "params.numbers|unique|length," * 600 + "] | length }}",
    "JSON in JSON for every item": "{{ params.rows | map('tojson') | map('tojson') | map('tojson') | list | length }}",
    "titles": "{{ params.numbers | map('string') | map('title') | map('title') | map('title') | list | length }}",
    "items of a list": "{{ params.many | dictsort }}",
    "too long": "{{ '" + "x" * MAX_TEMPLATE_CHARS + "' }}",
}


@dataclass(frozen=True)
class Answer:
    """How one ended: the reason (empty when it was rendered) and seconds of CPU."""

    refusal: str
    seconds: float


def values() -> dict[str, JsonValue]:
    """What the bombs read: a report of a hundred thousand findings is as large."""
    rows: list[JsonValue] = [{"a": {"b": n}, "c": f"x{n}"} for n in range(100_000)]
    return {"params": {"big": "y" * 100_000, "many": [1] * 100_000, "numbers": list(range(100_000)), "rows": rows}}


def go_off(templates: dict[str, str]) -> dict[str, Answer]:
    """Render each in a child process with little memory. Raises CalledProcessError or TimeoutExpired when one goes off."""
    command = [sys.executable, "-m", "tests.bench.bombs"]
    given = json.dumps(list(templates.values()))
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=SECONDS, cwd=ROOT)
    return {name: Answer(*json.loads(line)) for name, line in zip(templates, done.stdout.splitlines(), strict=True)}


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    read = values()
    for text in json.load(sys.stdin):
        refusal, start = "", time.process_time()
        try:
            render(parse(text), read)
        except TemplateProblemError as error:
            refusal = str(error)
        print(json.dumps([refusal, time.process_time() - start]), flush=True)


if __name__ == "__main__":
    _main()
