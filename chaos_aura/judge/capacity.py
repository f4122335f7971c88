"""Whether there really was no capacity. A pool that leaks answers "no capacity" at once, and would look fast."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.judge.quality import NO_CAPACITY

_NEVER_NS = 1 << 63


def unjustified_refusals(
    operations: Sequence[Operation], inventory: Mapping[str, int], stale_s: float = 0.5
) -> frozenset[str]:
    """The ids of those refused although, whatever nobody knows, enough GPUs of that type must have been free.

    Held may be whatever somebody had asked for before the refusal came, unless it was certainly given back, or
    certainly not given, before the refused one was first asked: who asks again hears what was decided then. That
    decision may rest on what was seen up to `stale_s` before.
    """
    held = _Held(operations)
    first_ns: dict[str, int] = {}
    for each in operations:
        if each.what == ALLOCATE:
            first_ns[each.request_id] = min(each.invoked_ns, first_ns.get(each.request_id, _NEVER_NS))
    return frozenset(
        each.id
        for each in operations
        if _is_refusal(each)
        and _must_have_fitted(
            each, held, first_ns[each.request_id] - int(stale_s * 1e9), inventory.get(_type_of(each), 0)
        )
    )


def _is_refusal(operation: Operation) -> bool:
    return operation.what == ALLOCATE and operation.outcome is Outcome.FAIL and operation.why == NO_CAPACITY


def _must_have_fitted(refused: Operation, held: "_Held", from_ns: int, inventory: int) -> bool:
    until_ns = refused.ended_ns if refused.ended_ns is not None else _NEVER_NS
    at_most = held.at_most(_type_of(refused), from_ns, until_ns) - held.by_request(refused.request_id, until_ns)
    return at_most + _count_of(refused) <= inventory


class _Held:
    """How many GPUs of a type somebody may have held at any time between two moments, each counted in full."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        taken, free = defaultdict(list), defaultdict(list)
        self._tries: dict[str, list[tuple[int, int]]] = defaultdict(list)
        released_ns = _released(operations)
        for each in operations:
            if each.what == ALLOCATE and not _is_refusal(each):
                taken[_type_of(each)].append((each.invoked_ns, _count_of(each)))
                self._tries[each.request_id].append((each.invoked_ns, _count_of(each)))
                free[_type_of(each)].append((_free_ns(each, released_ns), _count_of(each)))
        self._taken = {name: _Steps(steps) for name, steps in taken.items()}
        self._free = {name: _Steps(steps) for name, steps in free.items()}

    def at_most(self, gpu_type: str, from_ns: int, until_ns: int) -> int:
        if gpu_type not in self._taken:
            return 0
        return self._taken[gpu_type].until(until_ns) - self._free[gpu_type].before(from_ns)

    def by_request(self, request: str, until_ns: int) -> int:
        """Of that by other tries of the same request, none of which has got anything when one of them is refused."""
        return sum(count for at_ns, count in self._tries.get(request, ()) if at_ns <= until_ns)


class _Steps:
    """Sums over time, each found in a logarithmic number of looks."""

    def __init__(self, steps: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(steps)
        self._at_ns = [at_ns for at_ns, _ in ordered]
        self._sums = [0, *accumulate(count for _, count in ordered)]

    def until(self, at_ns: int) -> int:
        return self._sums[bisect_right(self._at_ns, at_ns)]

    def before(self, at_ns: int) -> int:
        return self._sums[bisect_left(self._at_ns, at_ns)]


def _released(operations: Iterable[Operation]) -> dict[str, int]:
    """By allocation: when its first successful release had been answered."""
    ended: dict[str, int] = {}
    for each in operations:
        if each.what == RELEASE and each.outcome is Outcome.OK and each.ended_ns is not None:
            allocation = each.request_id
            ended[allocation] = min(each.ended_ns, ended.get(allocation, _NEVER_NS))
    return ended


def _free_ns(taken: Operation, released_ns: Mapping[str, int]) -> int:
    """From when on it certainly holds nothing."""
    if taken.outcome is Outcome.FAIL and taken.ended_ns is not None:
        return taken.ended_ns
    return released_ns.get(taken.request_id, _NEVER_NS)


def _type_of(operation: Operation) -> str:
    return str(operation.asked.get("gpu_type"))


def _count_of(operation: Operation) -> int:
    return int(operation.asked.get("count", 1))
