"""Exactly once: no GPU with two owners, nothing acknowledged lost, nothing left waiting. For `probes.consistency`."""

from collections.abc import Mapping
from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from steady_states.border import is_not_measured_yet, judging, not_measured_yet, number

__all__ = ["no_backlog_is_older_than", "no_gpu_has_two_owners", "nothing_acknowledged_is_lost", "the_pool_is_balanced"]

_MEASURED = "measured"
_WRONG = ("lost", "doubled", "disagreeing", "phantom", "reordered", "leaked")
_TOLD = 3


@judging
def no_gpu_has_two_owners(value: Any = None) -> Judgement:
    """No GPU was certainly held by two allocations at once. For `agreement`."""
    if is_not_measured_yet(value):
        return not_measured_yet()
    _require_measured(value)
    found = _listed(value, "two_owners")
    if found:
        told = (f"{each['gpu_id']} was held by {' and '.join(each['allocations'])}" for each in found[:_TOLD])
        return failed(f"{len(found)} times a GPU had two owners: {'; '.join(told)}")
    return _if_anything_was(value, "no GPU had two owners")


@judging
def nothing_acknowledged_is_lost(value: Any = None) -> Judgement:
    """The stores hold what tenants were told, once, and nothing else. For `agreement`."""
    if is_not_measured_yet(value):
        return not_measured_yet()
    _require_measured(value)
    found = {kind: _listed(value, kind) for kind in _WRONG}
    if any(found.values()):
        counted = ", ".join(f"{len(each)} {kind}" for kind, each in found.items() if each)
        first = [each["told"] if not each["allocation"] else f"{each['allocation']} {each['told']}"
                 for some in found.values() for each in some][:_TOLD]  # fmt: skip
        return failed(f"{counted}: {'; '.join(first)}")
    if value["missing"]:
        return unknown(*(f"{store} could not be read: {why}" for store, why in value["missing"].items()))
    return _if_anything_was(value, "the stores agree")


@judging
def the_pool_is_balanced(value: Any = None) -> Judgement:
    """Free and held GPUs make the total. For `pool_balance`."""
    total, free, held = (_counts(value[key]) for key in ("total", "free", "held"))
    if not total:
        return unknown("the pool tells of no GPU")
    off = [name for name in {*total, *free, *held} if total.get(name, 0) != free.get(name, 0) + held.get(name, 0)]
    if off:
        told = (f"{total.get(n, 0)} {n}, of which {free.get(n, 0)} free and {held.get(n, 0)} held" for n in sorted(off))
        return failed(f"the pool does not add up: {'; '.join(told)}")
    return passed(f"the pool adds up to {sum(total.values())} GPUs")


@judging
def no_backlog_is_older_than(seconds: float, value: Any = None) -> Judgement:
    """No acknowledged decision or event has waited for longer. For `backlogs`."""
    if is_not_measured_yet(value):
        return not_measured_yet()
    if not value:
        return unknown("no backlog was looked at")
    ages_s = {name: row["oldest_s"] for name, row in value.items()}
    old = {name: age_s for name, age_s in ages_s.items() if age_s is not None and number(age_s) > seconds}
    if old:
        return failed(
            *(
                f"the oldest of {name} has waited for {age_s:.1f} s, {seconds:g} s at most"
                for name, age_s in old.items()
            )
        )
    if unseen := [name for name, age_s in ages_s.items() if age_s is None]:
        return unknown(*(f"nobody can say how long {name} have waited" for name in unseen))
    return passed(f"nothing has waited for longer than {seconds:g} s")


def _require_measured(value: Mapping[str, Any]) -> None:
    if value["state"] != _MEASURED:
        raise ValueError(f"its state is {value['state']!r}")


def _listed(value: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(value[name], list):
        raise TypeError(f"{name} is no list")
    return list(value[name])


def _counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(number(count)) for name, count in told.items()}


def _if_anything_was(value: Mapping[str, Any], well: str) -> Judgement:
    acknowledged = int(number(value["acknowledged"]))
    return passed(f"{well}, of {acknowledged} allocations") if acknowledged else unknown("nothing was granted")
