"""What tenants asked for and were told, by request. Several tries of one are one.

Refused is refused, whatever became of earlier tries: so says the platform of the request, not of the try. A try that
could not be served says nothing of those before it.
"""

from collections import defaultdict
from collections.abc import Iterable

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome

_REFUSED = (409, 200)  # when it is asked for, and when it is looked at
_ANOTHERS = "request_id_conflict"  # of another request with the same id
_ALREADY = "already_released"


class Told:
    """`tenants`, `wanted`: whose it is, and how many of what, where the history tells."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.granted: dict[str, frozenset[str]] = {}
        self.released: set[str] = set()
        self.may_be_granted: set[str] = set()
        self.may_be_released: set[str] = set()
        self.asked: set[str] = set()
        self.tenants: dict[str, str] = {}
        self.wanted: dict[str, tuple[int, str]] = {}
        self._refused: set[str] = set()
        self.operations: dict[str, list[Operation]] = defaultdict(list)
        for each in operations:
            self.operations[each.request_id].append(each)
            if each.what == ALLOCATE:
                self._allocation(each)
            elif each.what == RELEASE and (each.outcome is not Outcome.FAIL or each.why == _ALREADY):
                self.may_be_released.add(each.request_id)
                if each.outcome is Outcome.OK:
                    self.released.add(each.request_id)
        self.may_be_granted -= self._refused - self.granted.keys()

    def _allocation(self, each: Operation) -> None:
        self.asked.add(each.request_id)
        if "tenant" in each.asked:
            self.tenants[each.request_id] = str(each.asked["tenant"])
        if "count" in each.asked and "gpu_type" in each.asked:
            self.wanted[each.request_id] = (int(each.asked["count"]), str(each.asked["gpu_type"]))
        if each.outcome is Outcome.FAIL and each.answered.get("status") in _REFUSED and each.why != _ANOTHERS:
            self._refused.add(each.request_id)
        if each.outcome is not Outcome.FAIL:
            self.may_be_granted.add(each.request_id)
        if each.outcome is Outcome.OK:
            self.granted[each.request_id] = self.granted.get(each.request_id, frozenset()) | frozenset(each.gpu_ids)
