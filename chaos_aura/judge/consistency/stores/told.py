"""What tenants asked for and were told, by request. Several tries of one are one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome


class Told:
    def __init__(self, operations: Iterable[Operation]) -> None:
        self.granted: dict[str, frozenset[str]] = {}
        self.released: set[str] = set()
        self.may_be_granted: set[str] = set()
        self.may_be_released: set[str] = set()
        self.asked: set[str] = set()
        self.operations: dict[str, list[Operation]] = defaultdict(list)
        for each in operations:
            self.operations[each.request_id].append(each)
            if each.what == ALLOCATE:
                self._allocation(each)
            elif each.what == RELEASE and each.outcome is not Outcome.FAIL:
                self.may_be_released.add(each.request_id)
                if each.outcome is Outcome.OK:
                    self.released.add(each.request_id)

    @property
    def kept(self) -> Iterator[tuple[str, frozenset[str]]]:
        """What was granted and certainly not given back."""
        return ((name, gpus) for name, gpus in self.granted.items() if name not in self.may_be_released)

    def _allocation(self, each: Operation) -> None:
        self.asked.add(each.request_id)
        if each.outcome is not Outcome.FAIL:
            self.may_be_granted.add(each.request_id)
        if each.outcome is Outcome.OK:
            self.granted[each.request_id] = self.granted.get(each.request_id, frozenset()) | frozenset(each.gpu_ids)
