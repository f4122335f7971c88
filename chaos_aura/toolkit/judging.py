"""What Chaos Toolkit has run, as judgements: each probe with the reason of its tolerance."""

import copy
import importlib
import inspect
from collections.abc import Callable, Mapping
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
    if isinstance(tolerance, str):
        tolerance = substitute(tolerance, configuration, secrets)
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
    function = getattr(importlib.import_module(provider["module"]), provider["func"])
    found = function(**{**arguments, **_given(function, provider, configuration, secrets), "value": value})
    if isinstance(found, Judgement):
        return found
    name = tolerance.get("name") or provider["func"]
    return passed(f"{name}: {_short(value)}") if found else failed(f"{name} is not met by {_short(value)}")


def _given(
    function: Callable[..., Any], provider: Mapping[str, Any], configuration: Any, secrets: Any
) -> dict[str, Any]:
    """What Chaos Toolkit gives to who asks for it by name."""
    given: dict[str, Any] = {}
    wanted = inspect.signature(function).parameters
    if "configuration" in wanted:
        given["configuration"] = dict(configuration or {})
    if "secrets" in wanted and "secrets" in provider:
        given["secrets"] = {key: each for name in provider["secrets"] for key, each in (secrets or {})[name].items()}
    return given


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
