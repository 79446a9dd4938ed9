"""The corpus is large enough, well formed, and holds no credential of its own."""

from __future__ import annotations

import ast
import base64
import json
import re
import zlib
from random import Random

import pytest

from tests.quality.corpus import AGENTS, CORPUS, projects
from tests.quality.credentials import MAKERS, fill
from tests.quality.kinds import CODE_REVIEWER, COMPLIANCE_CHECKER
from tests.quality.labels import Verdict

PROVIDER = re.compile(
    r"AKIA(?!IOSFODNN7EXAMPLE)[A-Z2-7]{16}|gh[pousr]_(?!x+\b)[A-Za-z0-9]{36}|xox[bp]-\d{10,}|sk_live_\w{16,}"
    r"|T3BlbkFJ|dop_v1_\w{64}|AIza[\w-]{35}|glpat-[\w-]{20}|npm_\w{36}|BEGIN [A-Z ]*PRIVATE KEY"
)
"""Forms on which a code host refuses a push."""

LABELS = [label for agent in AGENTS for project in projects(agent) for label in project.labels]


@pytest.mark.parametrize("verdict", [Verdict.EXPECT, Verdict.FINE])
def test_has_enough_of_both_kinds(verdict: Verdict) -> None:
    assert sum(label.verdict is verdict for label in LABELS) >= 250


@pytest.mark.parametrize("agent", AGENTS)
def test_every_label_names_a_line_or_file_that_is_there(agent: str) -> None:
    for project in projects(agent):
        for label in project.labels:
            if label.file is not None:
                assert label.file in project.files, label.place
                assert label.line is None or label.first >= 1, label.place


@pytest.mark.parametrize("agent", AGENTS)
def test_no_label_is_left_for_the_agent_to_see(agent: str) -> None:
    for project in projects(agent):
        for file, text in project.files.items():
            assert not re.search(r"(?:#|//|<!--) ?(?:expect|fine|maybe): ", text), file


@pytest.mark.parametrize("agent", AGENTS)
def test_python_samples_are_python(agent: str) -> None:
    for project in projects(agent):
        for file, text in project.files.items():
            if file.endswith(".py"):
                ast.parse(text, file)


def test_a_place_has_one_label_of_a_kind() -> None:
    places = [(label.place, label.kind) for label in LABELS]
    assert len(places) == len(set(places))


def test_stored_samples_hold_no_made_credential() -> None:
    stored = "".join(path.read_text(encoding="utf-8") for path in CORPUS.rglob("*.sample"))
    found = [match[0] for match in PROVIDER.finditer(stored)]
    assert found == []


def test_what_stands_in_for_them_is_recognised_as_one() -> None:
    made = "\n".join(text for project in projects("security-scanner") for text in project.files.values())
    assert len(PROVIDER.findall(made)) >= 10


@pytest.mark.parametrize("agent", ["code-reviewer", "compliance-checker"])
def test_every_rule_that_is_given_a_kind_is_there(agent: str) -> None:
    page = (CORPUS.parents[2] / "docs" / "reference" / "agents" / f"{agent}.md").read_text(encoding="utf-8")
    rules = {"code-reviewer": CODE_REVIEWER, "compliance-checker": COMPLIANCE_CHECKER}[agent]
    assert [rule for rule in rules if f"`{rule}`" not in page] == []


@pytest.mark.parametrize("agent", ["code-reviewer", "compliance-checker"])
def test_every_kind_that_a_rule_is_given_has_labels(agent: str) -> None:
    labelled = {kind for project in projects(agent) for label in project.labels for kind in label.kinds}
    rules = {"code-reviewer": CODE_REVIEWER, "compliance-checker": COMPLIANCE_CHECKER}[agent]
    assert set(rules.values()) <= labelled


def test_credentials_are_the_same_for_the_same_seed_only() -> None:
    text = "<<github-token>> <<github-token>> <<jwt>>"
    assert fill(text, "a") == fill(text, "a")
    first, second, _ = fill(text, "a").split()
    assert first != second
    assert fill(text, "a") != fill(text, "b")


def test_an_unknown_credential_is_refused() -> None:
    with pytest.raises(KeyError):
        fill("<<no-such-token>>", "a")


def test_github_tokens_carry_their_checksum() -> None:
    token = MAKERS["github-token"](Random(1))
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for digit in token[-6:]:
        value = value * 62 + digits.index(digit)
    assert value == zlib.crc32(token[4:-6].encode())


def test_tokens_decode() -> None:
    header, payload, _ = MAKERS["jwt"](Random(1)).split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "HS256"
    assert "sub" in json.loads(base64.urlsafe_b64decode(payload + "=="))
    pypi = MAKERS["pypi-token"](Random(1))
    assert pypi.startswith("pypi-AgEIcHlwaS5vcmc")
    key = MAKERS["rsa-private-key"](Random(1)).splitlines()
    der = base64.b64decode("".join(key[1:-1]))
    assert der[:2] == b"\x30\x82"
    assert int.from_bytes(der[2:4], "big") == len(der) - 4
