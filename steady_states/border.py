"""The border to Chaos Toolkit: whatever a probe brought, a tolerance judges it, and is never an accident itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from chaos_aura.core.verdict import Judgement, passed, unknown

NOT_MEASURED_YET = "not measured yet"


def judging[**P](judge: Callable[P, Judgement]) -> Callable[P, Judgement]:
    """What is malformed is UNKNOWN, which no hypothesis takes for met."""

    @wraps(judge)
    def judged(*args: P.args, **kwargs: P.kwargs) -> Judgement:
        try:
            return judge(*args, **kwargs)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as cause:
            return unknown(f"{judge.__name__}: what was measured cannot be judged ({type(cause).__name__}: {cause})")

    return judged


def is_not_measured_yet(value: Any) -> bool:
    return isinstance(value, dict) and value.get("state") == NOT_MEASURED_YET


def not_measured_yet() -> Judgement:
    """Before the method nothing has been hurt. That it is measured at the end, the control sees to."""
    return passed(f"{NOT_MEASURED_YET}: nothing has been hurt")


def number(value: Any) -> float:
    """TypeError for what is none: True is no number, nor is NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise TypeError(f"{value!r} is no number")
    return float(value)
