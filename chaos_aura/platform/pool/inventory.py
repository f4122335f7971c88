"""The pool's bookkeeping, pure: every GPU has one holder or none, and every call can be repeated."""

import heapq
from collections import OrderedDict

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import GpuType, Grant
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pool.orders import GrantOrder, Holder, Holding, PoolRefusal, PoolState, PoolView, ReleaseOrder

# A call that was sent before its allocation ended can arrive this many endings later and still be known for what it is.
REMEMBERED_ENDINGS = 2000
_WHERE = "pool"


class Inventory:
    def __init__(self, state: PoolState) -> None:
        self._total = {GpuType(name): count for name, count in state.total.items()}
        self._history_limit = state.history_limit
        self._last_token = state.last_token
        self._holdings = dict(state.holdings)
        self._given_up = OrderedDict.fromkeys(state.given_up)
        self._free = {gpu_type: self._free_indexes(gpu_type) for gpu_type in self._total}

    def refuse_grant(self, order: GrantOrder) -> None:
        """Raises Refused for what `grant` would refuse. Changes nothing."""
        if order.allocation_id in self._holdings:
            return
        if order.allocation_id in self._given_up:
            raise Refused(_WHERE, PoolRefusal.GIVEN_UP, f"{order.allocation_id} has been given up")
        if not order.allocation_id or order.count < 1 or order.gpu_type not in self._total:
            raise Refused(_WHERE, PoolRefusal.MALFORMED, f"{order.count} GPUs of {order.gpu_type} cannot be granted")
        free = len(self._free[order.gpu_type])
        if order.count > free:
            why = f"{order.count} {order.gpu_type} asked, {free} of {self._total[order.gpu_type]} free"
            raise Refused(_WHERE, PoolRefusal.NO_CAPACITY, why)

    def grant(self, order: GrantOrder) -> Grant:
        """The same grant again for an allocation that has one."""
        self.refuse_grant(order)
        holding = self._holdings.get(order.allocation_id)
        if holding is None:
            free = self._free[order.gpu_type]
            indexes = tuple(heapq.heappop(free) for _ in range(order.count))
            self._last_token += 1
            holding = Holding(order.tenant, order.gpu_type, indexes, self._last_token)
            self._holdings[order.allocation_id] = holding
        return Grant(order.allocation_id, _gpu_ids(holding), holding.fencing_token)

    def refuse_release(self, order: ReleaseOrder) -> None:
        holding = self._holdings.get(order.allocation_id)
        if holding and order.fencing_token is not None and order.fencing_token != holding.fencing_token:
            why = f"{order.allocation_id} is held under token {holding.fencing_token}, not {order.fencing_token}"
            raise Refused(_WHERE, PoolRefusal.STALE_TOKEN, why)

    def release(self, order: ReleaseOrder) -> int:
        """How many GPUs came back: none when they had already."""
        self.refuse_release(order)
        holding = self._holdings.pop(order.allocation_id, None)
        self._given_up[order.allocation_id] = None
        while len(self._given_up) > REMEMBERED_ENDINGS:
            self._given_up.popitem(last=False)
        if holding is None:
            return 0
        for index in holding.indexes:
            heapq.heappush(self._free[holding.gpu_type], index)
        return len(holding.indexes)

    def availability(self) -> Availability:
        return Availability(free={name: len(free) for name, free in self._free.items()}, total=dict(self._total))

    def view(self) -> PoolView:
        holders = tuple(
            Holder(gpu_id, holding.gpu_type, allocation_id, holding.tenant, holding.fencing_token)
            for allocation_id, holding in self._holdings.items()
            for gpu_id in _gpu_ids(holding)
        )
        told = self.availability()
        return PoolView(told.free, told.total, holders)

    def state(self) -> PoolState:
        return PoolState(
            total=self._total,
            history_limit=self._history_limit,
            last_token=self._last_token,
            holdings=self._holdings,
            given_up=tuple(self._given_up),
        )

    def _free_indexes(self, gpu_type: GpuType) -> list[int]:
        held = {index for each in self._holdings.values() if each.gpu_type is gpu_type for index in each.indexes}
        return [index for index in range(self._total[gpu_type]) if index not in held]


def _gpu_ids(holding: Holding) -> tuple[str, ...]:
    return tuple(f"{holding.gpu_type}-{index}" for index in holding.indexes)
