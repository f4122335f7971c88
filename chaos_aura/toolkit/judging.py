"""What Chaos Toolkit has run, as judgements: each probe with the reason of its tolerance."""

import copy
import importlib
from collections.abc import Mapping
from typing import Any

from chaoslib import substitute
from chaoslib.hypothesis import within_tolerance

from chaos_aura.core.verdict import Judgement, failed, passed, unknown

_SHOWN = 300
_PREFIX = "chaoslib.exceptions.ActivityFailed: "


def judged(activity: Mapping[str, Any], run: Mapping[str, Any], configuration: Any, secrets: Any) -> Judgement:
    """A probe that raised measured nothing."""
    if run.get("status") != "succeeded":
        return unknown(f"it raised: {why_failed(run)}")
    tolerance, value = activity.get("tolerance"), run.get("output")
    if isinstance(tolerance, Mapping) and tolerance.get("type") == "probe" and _is_python(tolerance):
        return _by_function(tolerance, value, configuration, secrets)
    is_met = within_tolerance(copy.deepcopy(tolerance), value, configuration=configuration, secrets=secrets)
    words = f"{_short(value)} within {_short(tolerance)}"
    return passed(words) if is_met else failed(f"{_short(value)} is not within {_short(tolerance)}")


def why_failed(run: Mapping[str, Any]) -> str:
    """The last line of what Chaos Toolkit keeps of an exception, without its class."""
    lines = [line.strip() for each in run.get("exception") or [] for line in str(each).splitlines() if line.strip()]
    last = lines[-1] if lines else "for no reason that is told"
    while last.startswith(_PREFIX):
        last = last.removeprefix(_PREFIX)
    return last


def _is_python(tolerance: Mapping[str, Any]) -> bool:
    return bool(tolerance.get("provider", {}).get("type") == "python")


def _by_function(tolerance: Mapping[str, Any], value: Any, configuration: Any, secrets: Any) -> Judgement:
    """It is asked once more: Chaos Toolkit keeps only whether it was met."""
    provider = tolerance["provider"]
    arguments = substitute(dict(provider.get("arguments") or {}), configuration, secrets) or {}
    found = getattr(importlib.import_module(provider["module"]), provider["func"])(**{**arguments, "value": value})
    if isinstance(found, Judgement):
        return found
    name = tolerance.get("name") or provider["func"]
    return passed(f"{name}: {_short(value)}") if found else failed(f"{name} is not met by {_short(value)}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
