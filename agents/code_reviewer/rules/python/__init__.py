"""The registry of the bug patterns that a Python file's syntax tree decides.

A rule is a module here and a line in `PYTHON_RULES`. The tree is there anyway, for the metrics, so that one more rule
costs next to nothing; a semgrep rule without a word to look for is tried on every file, and costs seconds.
"""

from __future__ import annotations

from agents.code_reviewer.rules.python.always_true_or import AlwaysTrueOr
from agents.code_reviewer.rules.python.assert_tuple import AssertTuple
from agents.code_reviewer.rules.python.asserttrue_two_values import AsserttrueTwoValues
from agents.code_reviewer.rules.python.bare_except_ignored import BareExceptIgnored
from agents.code_reviewer.rules.python.changed_while_iterated import ChangedWhileIterated
from agents.code_reviewer.rules.python.compare_with_itself import CompareWithItself
from agents.code_reviewer.rules.python.coroutine_not_awaited import CoroutineNotAwaited
from agents.code_reviewer.rules.python.duplicate_condition import DuplicateCondition
from agents.code_reviewer.rules.python.except_or import ExceptOr
from agents.code_reviewer.rules.python.exception_ignored import ExceptionIgnored
from agents.code_reviewer.rules.python.in_place_result_used import InPlaceResultUsed
from agents.code_reviewer.rules.python.init_returns_value import InitReturnsValue
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.code_reviewer.rules.python.is_literal import IsLiteral
from agents.code_reviewer.rules.python.length_always import LengthAlways
from agents.code_reviewer.rules.python.literal_in_condition import LiteralInCondition
from agents.code_reviewer.rules.python.loop_variable_in_lambda import LoopVariableInLambda
from agents.code_reviewer.rules.python.mutable_default_changed import MutableDefaultChanged
from agents.code_reviewer.rules.python.nan_comparison import NanComparison
from agents.code_reviewer.rules.python.none_comparison import NoneComparison
from agents.code_reviewer.rules.python.raise_notimplemented import RaiseNotimplemented
from agents.code_reviewer.rules.python.return_in_finally import ReturnInFinally
from agents.code_reviewer.rules.python.strip_prefix import StripPrefix

PYTHON_RULES: tuple[PythonRule, ...] = (
    AlwaysTrueOr(),
    AssertTuple(),
    AsserttrueTwoValues(),
    BareExceptIgnored(),
    ChangedWhileIterated(),
    CompareWithItself(),
    CoroutineNotAwaited(),
    DuplicateCondition(),
    ExceptOr(),
    ExceptionIgnored(),
    InPlaceResultUsed(),
    InitReturnsValue(),
    IsLiteral(),
    LengthAlways(),
    LiteralInCondition(),
    LoopVariableInLambda(),
    MutableDefaultChanged(),
    NanComparison(),
    NoneComparison(),
    RaiseNotimplemented(),
    ReturnInFinally(),
    StripPrefix(),
)
