"""A running Redis that is given less memory by itself: proven, refused writes seen, given back."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from grounds import ground_of
from hurting import paused
from process_cases import case_on, fault_of
from store_witnesses import has_little_memory

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.stack.running import RunningStack
from injectors.redis_memory import RedisMemoryInjector


class TestRedisMemory(InjectorContract):
    @pytest.fixture(params=[1, 100])
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        limit_mb: int = request.param
        return replace(_case(stack, limit_mb), hurts=has_little_memory(stack, limit_mb))


@pytest.fixture
def client(stack: RunningStack) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stack.catalogue.service("redis").uri) as made:
        yield made


def test_beyond_it_writes_are_refused_and_no_key_is_left(stack: RunningStack, client: redis.Redis) -> None:
    case, key = _case(stack, limit_mb=1), f"mine-{uuid.uuid4()}"
    client.set(key, b"x" * (2 << 20))
    keys = set(client.keys("chaos-aura:*"))
    undo = case.injected()
    try:
        assert "a write was answered with OOM" in case.injector.in_force(undo).seen
        with pytest.raises(redis.OutOfMemoryError):
            client.set(key, b"y")
        assert client.getrange(key, 0, 0) == b"x"
    finally:
        case.healed(undo)
    assert client.delete(key) == 1
    assert set(client.keys("chaos-aura:*")) == keys


def test_below_it_a_write_is_tried_and_leaves_no_key(stack: RunningStack, client: redis.Redis) -> None:
    case = _case(stack, limit_mb=1000)
    undo = case.injected()
    try:
        assert "a write was accepted, as it should be" in case.injector.in_force(undo).seen
        assert not client.exists(undo.data["key"])
    finally:
        case.healed(undo)


def test_what_somebody_else_has_set_meanwhile_stays(stack: RunningStack, client: redis.Redis) -> None:
    case = _case(stack, limit_mb=100)
    undo = case.injected()
    try:
        client.config_set("maxmemory", 77_000_000)
        assert not case.injector.in_force(undo)
        assert "reads 77000000" in case.healed(undo).seen
        assert client.config_get("maxmemory") == {"maxmemory": "77000000"}
    finally:
        client.config_set("maxmemory", 0)


def test_one_that_would_throw_keys_away_is_refused(stack: RunningStack, client: redis.Redis) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(TargetUnfit, match="allkeys-lru: it would throw keys away, which no healing brings back"):
            _case(stack, limit_mb=100).prepared()
        assert client.config_get("maxmemory") == {"maxmemory": "0"}
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_a_limit_that_takes_nothing_is_refused(stack: RunningStack, client: redis.Redis) -> None:
    client.config_set("maxmemory", 50 << 20)
    try:
        with pytest.raises(TargetUnfit, match="maxmemory is 52428800 already, so 104857600 would take nothing"):
            _case(stack, limit_mb=100).prepared()
    finally:
        client.config_set("maxmemory", 0)


def test_one_that_does_not_answer_is_never_taken_for_healed(stack: RunningStack) -> None:
    case = _case(stack, limit_mb=100)
    undo = case.injected()
    with paused(stack, "redis"):
        for look in (case.injector.gone, case.injector.in_force, case.injector.heal):
            with pytest.raises(TargetUnfit, match="does not answer"):
                look(undo)
    case.healed(undo)


def test_only_a_redis_has_such_a_limit(stack: RunningStack) -> None:
    injector, fault = RedisMemoryInjector(ground_of(stack)), fault_of("memory_limit", "kafka", limit_mb=100)
    assert injector.can(fault, stack.catalogue.service("kafka")).why == "kafka is no Redis, and has no maxmemory"
    assert not injector.can(fault, stack.catalogue.edges_into("redis")[0])


def test_what_is_no_redis_is_told(stack: RunningStack) -> None:
    """An HTTP server answers with anything else."""
    address: Address = stack.catalogue.service("api").address
    target = Service("redis", address, "redis", "7")
    with pytest.raises(TargetUnfit, match=f"redis at {address}: does not answer"):
        RedisMemoryInjector(ground_of(stack)).prepare(
            fault_of("memory_limit", "redis", limit_mb=100), target, new_lease_id()
        )


def _case(stack: RunningStack, limit_mb: int) -> Case:
    return case_on(stack, RedisMemoryInjector(ground_of(stack)), "memory_limit", "redis", limit_mb=limit_mb)
