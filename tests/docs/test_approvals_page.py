"""The page about approvals names every key and every kind, and its policies can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.approvals import Door, Kind, RiskLevel, State, read_policy
from flows.approvals.hours import Hours
from flows.approvals.rules import RUN_BY_CI, Escalation, Policy, Rule
from flows.store.tables import ledger, runs

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "approvals.md").read_text()
POLICIES = re.findall(r"^```yaml\n(groups:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
KEYS = [field.alias or name for model in (Policy, Rule, Hours, Escalation) for name, field in model.model_fields.items()]
ENDS = [state for state in State if state is not State.OPEN]
COLUMNS = [column.name for column in ledger.columns] + [column.name for column in runs.columns if column.name != "at"]


def test_its_policies_can_be_used() -> None:
    assert POLICIES
    for text in POLICIES:
        assert read_policy(text).groups


@pytest.mark.parametrize("word", [*KEYS, *COLUMNS, *Kind, *ENDS, *RiskLevel, *Door, *RUN_BY_CI])
def test_every_word_is_explained(word: str) -> None:
    assert f"`{word}`" in PAGE
