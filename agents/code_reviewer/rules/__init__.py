"""The registry: every metric rule there is, and the folder of the bug patterns.

A metric rule is a module here and a line in `RULES`; a bug pattern is a YAML file in `patterns/<language>/` or, where
Python's syntax tree decides, a module in `python/`.
"""

from __future__ import annotations

from pathlib import Path

from agents.code_reviewer.rules.deep_nesting import DeepNesting
from agents.code_reviewer.rules.high_complexity import HighComplexity
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.rules.long_file import LongFile
from agents.code_reviewer.rules.long_function import LongFunction
from agents.code_reviewer.rules.low_maintainability import LowMaintainability
from agents.code_reviewer.rules.many_parameters import ManyParameters
from agents.code_reviewer.rules.repeated_key import RepeatedKeys
from agents.code_reviewer.rules.unreachable_code import UnreachableCode

RULES: tuple[Rule, ...] = (
    HighComplexity(),
    DeepNesting(),
    LowMaintainability(),
    LongFunction(),
    ManyParameters(),
    LongFile(),
    UnreachableCode(),
    RepeatedKeys(),
)

PATTERNS = Path(__file__).parent / "patterns"
"""semgrep rules of our own, one per file."""
