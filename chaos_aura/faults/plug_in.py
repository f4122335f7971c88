"""One injector as it comes from an entry point: loaded, made, and held against the contract before anybody uses it."""

import inspect
import math
from importlib.metadata import EntryPoint
from typing import Any

from chaos_aura.core.errors import PlugInBroken
from chaos_aura.core.kind import Kind
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.border import in_a_line
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector

# By method, the names of what it is called with.
_METHODS = {
    "can": ("fault", "target"),
    "footprint": ("fault", "target"),
    "prepare": ("fault", "target", "lease_id"),
    "inject": ("undo",),
    "heal": ("undo",),
    "in_force": ("undo",),
    "gone": ("undo",),
}


def load_plug_in(entry: EntryPoint, ground: Ground) -> Injector:
    """PlugInBroken names the plug-in, what of it is wrong, and what it should be."""
    where = f"plug-in {entry.name} ({entry.value})"
    try:
        injector = entry.load()(ground)
    except (Exception, SystemExit) as cause:  # a stranger's code may raise anything
        why = f"cannot be made ({in_a_line(cause)})"
        raise PlugInBroken(where, why, "it is called with one Ground; mend or uninstall it") from cause
    _check_words(where, entry.name, injector)
    for method, names in _METHODS.items():
        _check_method(where, injector, method, names)
    return injector  # type: ignore[no-any-return]  # it has been looked at piece by piece


def own_kinds(injector: Injector) -> tuple[Kind, ...]:
    """Words that it brings itself."""
    return tuple(getattr(injector, "own_kinds", ()))


def rank(injector: Injector) -> float:
    """Of several that can do the same, the lowest is taken."""
    return float(getattr(injector, "rank", 0))


def _check_words(where: str, entry_name: str, injector: Any) -> None:
    _must(
        where, "name", getattr(injector, "name", None) == entry_name, f"is not {entry_name!r}, as its entry point says"
    )
    own = getattr(injector, "own_kinds", ())
    _must(
        where,
        "own_kinds",
        isinstance(own, tuple) and all(isinstance(each, Kind) for each in own),
        "is no tuple of Kind",
    )
    kinds = getattr(injector, "kinds", None)
    is_set = isinstance(kinds, frozenset) and len(kinds) > 0
    _must(where, "kinds", is_set, "is not a frozenset of at least one name")
    unknown = sorted(str(kind) for kind in kinds or () if kind not in KINDS and kind not in {each.name for each in own})
    _must(where, "kinds", not unknown, f"has words that are neither known nor its own: {', '.join(unknown)}")
    taken = sorted(each.name for each in own if each.name in KINDS)
    _must(where, "own_kinds", not taken, f"uses words that mean something already: {', '.join(taken)}")
    settle_s, own_rank = getattr(injector, "settle_s", None), getattr(injector, "rank", 0)
    is_time = isinstance(settle_s, int | float) and math.isfinite(settle_s) and settle_s >= 0
    _must(where, "settle_s", is_time, f"is {settle_s!r}, not a number of seconds")
    is_rank = isinstance(own_rank, int | float) and math.isfinite(own_rank)
    _must(where, "rank", is_rank, f"is {own_rank!r}, not a number")


def _check_method(where: str, injector: Any, name: str, wanted: tuple[str, ...]) -> None:
    method = getattr(injector, name, None)
    _must(where, f"method `{name}`", callable(method), "is missing")
    shape = f"{name}(self, {', '.join(wanted)})"
    try:
        inspect.signature(method).bind(*wanted)  # type: ignore[arg-type]  # callable, as was just seen
    except (TypeError, ValueError) as cause:
        why = f"cannot be called with {', '.join(wanted)} ({cause})"
        raise PlugInBroken(where, f"method `{name}` {why}", f"make it {shape}") from cause
    _must(where, f"method `{name}`", not inspect.iscoroutinefunction(method), "is async; it must not be")


def _must(where: str, what: str, holds: bool, why: str) -> None:
    if not holds:
        raise PlugInBroken(where, f"{what} {why}", "mend or uninstall it")
