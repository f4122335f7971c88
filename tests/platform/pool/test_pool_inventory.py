"""The pool's bookkeeping: one holder for a GPU, whatever comes, in whatever order, however often."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import GpuType
from chaos_aura.platform.pool.inventory import REMEMBERED_ENDINGS, Inventory
from chaos_aura.platform.pool.orders import GrantOrder, PoolState, ReleaseOrder

TOTAL = {GpuType.T4: 5, GpuType.H100: 2}


def made() -> Inventory:
    return Inventory(PoolState(TOTAL, history_limit=100))


def order(allocation_id: str = "one", count: int = 2, gpu_type: GpuType = GpuType.T4) -> GrantOrder:
    return GrantOrder(allocation_id, "tenant", gpu_type, count)


def test_a_grant_takes_that_many_gpus() -> None:
    pool = made()
    grant = pool.grant(order())
    assert grant.gpu_ids == ("t4-0", "t4-1")
    assert pool.availability().free == {GpuType.T4: 3, GpuType.H100: 2}


def test_the_same_order_again_gets_the_same_grant() -> None:
    pool = made()
    assert pool.grant(order()) == pool.grant(order())
    assert pool.availability().free_of(GpuType.T4) == 3


def test_more_than_is_free_is_refused_and_changes_nothing() -> None:
    pool = made()
    pool.grant(order(count=4))
    before = dataclasses.asdict(pool.state()), pool.view()
    with pytest.raises(Refused, match="2 t4 asked, 1 of 5 free") as refused:
        pool.grant(order("two"))
    assert refused.value.reason == "no_capacity"
    assert (dataclasses.asdict(pool.state()), pool.view()) == before


@pytest.mark.parametrize("bad", [order(count=0), order(count=-1), order(""), order(gpu_type=GpuType.A100)])
def test_a_malformed_order_is_refused(bad: GrantOrder) -> None:
    with pytest.raises(Refused) as refused:
        made().grant(bad)
    assert refused.value.reason == "malformed"


def test_tokens_only_grow() -> None:
    pool = made()
    first = pool.grant(order("one", 1))
    pool.release(ReleaseOrder("one", first.fencing_token))
    assert pool.grant(order("two", 1)).fencing_token > first.fencing_token


def test_a_release_with_another_token_is_refused() -> None:
    pool = made()
    grant = pool.grant(order())
    with pytest.raises(Refused) as refused:
        pool.release(ReleaseOrder("one", grant.fencing_token - 1))
    assert refused.value.reason == "stale_token"
    assert pool.availability().free_of(GpuType.T4) == 3


def test_a_release_twice_gives_back_once() -> None:
    pool = made()
    pool.grant(order())
    assert [pool.release(ReleaseOrder("one")), pool.release(ReleaseOrder("one"))] == [2, 0]


def test_what_was_released_can_never_be_granted_again() -> None:
    pool = made()
    pool.grant(order())
    pool.release(ReleaseOrder("one"))
    with pytest.raises(Refused) as refused:
        pool.grant(order())
    assert refused.value.reason == "given_up"


def test_a_grant_that_comes_after_its_compensation_is_refused() -> None:
    pool = made()
    assert pool.release(ReleaseOrder("late")) == 0
    with pytest.raises(Refused):
        pool.grant(order("late"))


def test_the_memory_of_endings_is_bounded() -> None:
    pool = made()
    for number in range(REMEMBERED_ENDINGS + 10):
        pool.release(ReleaseOrder(str(number)))
    given_up = pool.state().given_up
    assert (len(given_up), given_up[-1]) == (REMEMBERED_ENDINGS, str(REMEMBERED_ENDINGS + 9))


def test_holders_are_told_gpu_by_gpu() -> None:
    pool = made()
    grant = pool.grant(order())
    view = pool.view()
    assert [(holder.gpu_id, holder.allocation_id, holder.fencing_token) for holder in view.holders] == [
        ("t4-0", "one", grant.fencing_token),
        ("t4-1", "one", grant.fencing_token),
    ]


@given(st.integers(0, 5), st.integers(0, 2))
def test_a_pool_continued_as_new_is_the_same(t4: int, h100: int) -> None:
    pool = made()
    for number in range(t4):
        pool.grant(order(f"t{number}", 1))
    for number in range(h100):
        pool.grant(order(f"h{number}", 1, GpuType.H100))
    if t4:
        pool.release(ReleaseOrder("t0"))
    again = Inventory(pool.state())
    assert dataclasses.asdict(again.state()) == dataclasses.asdict(pool.state())
    assert again.view() == pool.view()


class AnyOrder(RuleBasedStateMachine):
    """Against a plain dictionary of who holds how many."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = made()
        self.held: dict[str, tuple[GpuType, int]] = {}
        self.ended: set[str] = set()
        self.last_token = 0

    @rule(name=st.sampled_from("abcdefgh"), gpu_type=st.sampled_from(list(TOTAL)), count=st.integers(1, 3))
    def grant(self, name: str, gpu_type: GpuType, count: int) -> None:
        free = TOTAL[gpu_type] - sum(each for kind, each in self.held.values() if kind is gpu_type)
        if name not in self.held and (name in self.ended or count > free):
            with pytest.raises(Refused, match="given up" if name in self.ended else "asked"):
                self.pool.grant(order(name, count, gpu_type))
            return
        grant = self.pool.grant(order(name, count, gpu_type))
        if name in self.held:
            assert len(grant.gpu_ids) == self.held[name][1]
        else:
            assert grant.fencing_token > self.last_token
            self.last_token = grant.fencing_token
            self.held[name] = (gpu_type, count)

    @rule(name=st.sampled_from("abcdefgh"))
    def release(self, name: str) -> None:
        returned = self.pool.release(ReleaseOrder(name))
        assert returned == self.held.pop(name, (None, 0))[1]
        self.ended.add(name)

    @rule()
    def continue_as_new(self) -> None:
        self.pool = Inventory(self.pool.state())

    @invariant()
    def every_gpu_has_one_holder_or_none(self) -> None:
        view = self.pool.view()
        names = [holder.gpu_id for holder in view.holders]
        assert len(names) == len(set(names)) == sum(count for _, count in self.held.values())
        for gpu_type, total in TOTAL.items():
            assert view.free[gpu_type] + sum(holder.gpu_type is gpu_type for holder in view.holders) == total


TestAnyOrder = AnyOrder.TestCase
