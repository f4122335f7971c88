"""Damaged and removed context windows: the very bytes come back, and what the platform has done meanwhile stays."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from awaiting import NeverCame, wait_until
from driven_allocations import Driven, allocate, drive, redis_of
from grounds import ground_of
from hurting import paused, process_of, runs_anew, unwell
from store_witnesses import window_is_missing, window_is_unreadable

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.platform.stores import context_scripts, contexts
from chaos_aura.platform.stores.context_members import NotAMember, decision_of
from chaos_aura.stack.running import RunningStack
from injectors.bytes_as_text import as_bytes
from injectors.redis_store import RedisInjector, windows
from injectors.redis_store.corruption import spoiled

KINDS_OF_IT = ("corrupt_cache", "evict_cache")
_WITHIN_S = 60
_NO_END = -1  # as Redis tells it
_MOST = 10  # decisions, until a window is there
_FILLED_WITHIN_S = 10.0  # what has been asked for, if it is to be filled

pytestmark = pytest.mark.timeout(400)


def fault_of(kind: str, **given: object) -> Fault:
    return Fault(kind, "redis", KINDS[kind].read(given), lasts_s=30)


@pytest.fixture(scope="module")
def shared_tenant(stack: RunningStack) -> Driven:
    return drive(stack)


@pytest.fixture
def tenant(stack: RunningStack, shared_tenant: Driven) -> Driven:
    """With a window in Redis: a Redis that was restarted has lost it, as far as the platform knows."""
    with redis_of(stack) as client:
        life = client.info("server")["run_id"]
        if client.zscore(shared_tenant.window_key, f"window {life}") is not None:
            return shared_tenant
    return drive(stack)


@pytest.fixture
def cached(stack: RunningStack) -> Iterator[Any]:
    with redis_of(stack) as client:
        yield client


@pytest.fixture(params=KINDS_OF_IT)
def case(request: pytest.FixtureRequest, stack: RunningStack, tenant: Driven) -> Case:
    witness = {"corrupt_cache": window_is_unreadable, "evict_cache": window_is_missing}[request.param]
    case = case_of(stack, fault_of(request.param, tenant=tenant.tenant))
    return replace(case, hurts=witness(stack, tenant.window_key))


def case_of(stack: RunningStack, fault: Fault) -> Case:
    def restart() -> None:
        former = process_of(stack, "redis")
        stack.supervisor.restart("redis")
        wait_until(lambda: runs_anew(stack, "redis", former) and "redis" not in unwell(stack), _WITHIN_S, "a new Redis")

    def restore() -> None:
        stack.supervisor.start("redis")
        wait_until(lambda: not unwell(stack), _WITHIN_S, "all is well")

    return Case(
        RedisInjector(ground_of(stack)),
        fault,
        stack.catalogue.service("redis"),
        str(stack.project.home),
        restart=restart,
        remove=lambda: stop_redis(stack),
        restore=restore,
        in_force_within_s=_WITHIN_S,
        gone_within_s=_WITHIN_S,
        stays_when_restarted=True,
    )


class TestContract(InjectorContract):
    pass


def written(cached: Any, *, ahead_ms: int = 0) -> Driven:
    """A window as the platform writes it, of a tenant that nobody asks for: for tests in which it plays no part."""
    tenant, now_ms = f"written-{uuid.uuid4().hex[:12]}", int(time.time() * 1000) + ahead_ms
    one = Driven(tenant, (f"{tenant}-0", f"{tenant}-1"))
    marker = f"window {cached.info('server')['run_id']}"
    decided = {json.dumps({"allocation_id": each, "count": 1}): now_ms + at for at, each in enumerate(one.request_ids)}
    cached.zadd(one.window_key, {marker: float("-inf"), **decided})
    cached.pexpire(one.window_key, 600_000)
    return one


@pytest.fixture
def window(cached: Any) -> Iterator[Driven]:
    """What a test leaves of it, or beside it, goes."""
    one = written(cached)
    yield one
    cached.delete(one.window_key, f"context-pending:{one.tenant}")


@pytest.fixture(params=KINDS_OF_IT)
def whole(request: pytest.FixtureRequest, stack: RunningStack, window: Driven) -> tuple[Case, Driven]:
    return case_of(stack, fault_of(request.param, tenant=window.tenant)), window


def test_the_very_bytes_and_the_very_expiry_come_back(whole: tuple[Case, Driven], cached: Any) -> None:
    case, driven = whole
    key = driven.window_key
    before, expires_at_ms = cached.dump(key), expiry_ms(cached, key)
    assert expires_at_ms > time.time() * 1000
    undo = case.injected()
    assert cached.dump(key) != before
    case.healed(undo)
    assert cached.dump(key) == before
    assert expiry_ms(cached, key) == expires_at_ms
    assert not cached.keys("chaos-aura*")


def test_nothing_but_context_windows_is_changed(stack: RunningStack, case: Case, tenant: Driven, cached: Any) -> None:
    with paused(stack, "projection"):  # it may still be counting what was driven
        others = [key for key in cached.scan_iter() if key != tenant.window_key.encode() and is_to_stay(cached, key)]
        assert any(key.startswith(b"usage:") for key in others)
        assert any(key.startswith(b"context-pending:") for key in others)
        before = {key: cached.dump(key) for key in others if not key.startswith(b"context-filling:")}
        undo = case.injected()
        assert {key: cached.dump(key) for key in before} == before
        case.healed(undo)
        assert {key: cached.dump(key) for key in before} == before


def is_to_stay(cached: Any, key: bytes) -> bool:
    """For as long as this may take, unless somebody removes it."""
    left_s: int = cached.ttl(key)
    return left_s == _NO_END or left_s > _WITHIN_S


def test_what_is_corrupt_is_what_was_planned_and_nobody_can_read_it(stack: RunningStack, tenant: Driven) -> None:
    case = case_of(stack, fault_of("corrupt_cache", tenant=tenant.tenant))
    undo = case.injected()
    (damage,) = undo.data["planned"]
    former, corrupt = as_bytes(damage["former"]), as_bytes(damage["corrupt"])
    assert json.loads(former)["allocation_id"] == tenant.request_ids[-1]
    with pytest.raises(NotAMember):
        decision_of(corrupt, float(damage["score"]))
    with pytest.raises(ValueError, match="utf-8"):
        json.loads(corrupt)
    assert corrupt == spoiled(former, f"{undo.data['lease']} {damage['key']}")
    assert corrupt != spoiled(former, "another lease")
    with redis_of(stack) as client:
        members = client.zrange(tenant.window_key, 0, -1)
    assert members[-1] == corrupt
    assert former not in members
    case.healed(undo)


def test_the_platform_repairs_a_damaged_window_itself_and_that_stays(stack: RunningStack, cached: Any) -> None:
    driven = drive(stack)
    case = case_of(stack, fault_of("corrupt_cache", tenant=driven.tenant))
    undo = case.injected()
    (damage,) = undo.data["planned"]
    allocate(stack, driven.tenant, f"{driven.tenant}-discards")
    allocate_until_whole(stack, driven, lambda members: as_bytes(damage["corrupt"]) not in members, more=1)
    proof = case.injector.in_force(undo)
    assert not proof.holds
    assert proof.seen == "0 of 1 cached windows hold the corrupt bytes"
    repaired = cached.dump(driven.window_key)
    case.healed(undo)
    assert cached.dump(driven.window_key) == repaired


def allocate_until_whole(
    stack: RunningStack, driven: Driven, is_well: Callable[[list[bytes]], bool] = lambda _: True, more: int = 0
) -> None:
    """The platform fills a window when it misses it, unless one of the two stores is slow just then: so at least once.

    `more`: how many were allocated besides.
    """

    def is_whole(count: int) -> bool:
        with redis_of(stack) as client:
            members: list[bytes] = client.zrange(driven.window_key, 0, -1)
        return len(members) == len(driven.request_ids) + more + count + 1 and is_well(members)

    for number in range(1, _MOST):
        allocate(stack, driven.tenant, f"{driven.tenant}-more-{number}")
        with suppress(NeverCame):
            wait_until(partial(is_whole, number), _FILLED_WITHIN_S, "a whole window")
            return
    pytest.fail(f"{driven.tenant} gets no whole window")


def test_a_decision_made_meanwhile_stays_beside_the_healed_one(
    stack: RunningStack, window: Driven, cached: Any
) -> None:
    former = cached.zrange(window.window_key, 0, -1)
    case = case_of(stack, fault_of("corrupt_cache", tenant=window.tenant))
    undo = case.injected()
    newer = former[-1].replace(window.request_ids[-1].encode(), b"a-newer-one")
    cached.zadd(window.window_key, {newer: cached.zscore(window.window_key, former[1]) + 60_000})
    assert case.injector.in_force(undo).facts == {"corrupt": 1, "as_before": 0, "repaired": 0}
    case.healed(undo)
    assert cached.zrange(window.window_key, 0, -1) == [*former, newer]


def test_a_stranger_s_value_is_left(whole: tuple[Case, Driven], cached: Any) -> None:
    case, driven = whole
    undo = case.injected()
    cached.set(driven.window_key, b"a stranger's")
    case.healed(undo)
    assert cached.get(driven.window_key) == b"a stranger's"


def test_a_damaged_window_that_has_vanished_stays_so(stack: RunningStack, window: Driven, cached: Any) -> None:
    case = case_of(stack, fault_of("corrupt_cache", tenant=window.tenant))
    undo = case.injected()
    cached.delete(window.window_key)
    assert case.healed(undo).facts == {"corrupt": 0, "restored": 0, "repaired": 1}
    assert not cached.exists(window.window_key)


def test_a_removed_window_is_not_put_back_when_it_would_miss_a_decision(
    stack: RunningStack, window: Driven, cached: Any
) -> None:
    case = case_of(stack, fault_of("evict_cache", tenant=window.tenant))
    undo = case.injected()
    cached.zadd(f"context-pending:{window.tenant}", {b"remembered meanwhile": time.time() * 1000})
    assert case.injector.in_force(undo).holds
    assert case.healed(undo).seen == "of 1 windows 1 as the platform has left them"
    assert not cached.exists(window.window_key)
    assert not cached.keys("chaos-aura*")


def test_a_removed_window_that_has_expired_stays_away(stack: RunningStack, window: Driven, cached: Any) -> None:
    case = case_of(stack, fault_of("evict_cache", tenant=window.tenant))
    expires_at_ms = expiry_ms(cached, window.window_key)
    undo = case.injected()
    (planned,) = undo.data["planned"]["windows"]
    assert planned["expires_at_ms"] == expires_at_ms
    planned["expires_at_ms"] = int(time.time() * 1000) - 1  # one that expires soon could do so before it is removed
    assert case.injector.gone(undo).seen == "of 1 windows 1 expired since"
    case.healed(undo)
    assert not cached.exists(window.window_key)


def test_what_changed_after_it_was_planned_is_not_touched(whole: tuple[Case, Driven], cached: Any) -> None:
    case, driven = whole
    undo = case.prepared()
    members = cached.zrange(driven.window_key, 0, -1, withscores=True)
    cached.zadd(driven.window_key, {b"another": members[-1][1] + 1})
    cached.zrem(driven.window_key, members[-1][0])
    changed = cached.dump(driven.window_key)
    case.injector.inject(undo)
    assert not case.injector.in_force(undo).holds
    assert cached.dump(driven.window_key) == changed
    case.healed(undo)
    assert cached.dump(driven.window_key) == changed


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_without_a_tenant_those_written_last_are_hurt(kind: str, stack: RunningStack, cached: Any) -> None:
    made = [written(cached, ahead_ms=60_000 + at) for at in (0, 10, 20)]
    case = case_of(stack, fault_of(kind, count=2))
    try:
        planned = case.prepared().data["planned"]
        assert [row["key"] for row in (planned if kind == "corrupt_cache" else planned["windows"])] == [
            each.window_key for each in reversed(made[1:])
        ]
        undo = case.injected()
        assert case.injector.in_force(undo).seen.startswith("2 of 2 ")
        case.healed(undo)
    finally:
        cached.delete(*(each.window_key for each in made))


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_no_window_is_one_clear_line(kind: str, stack: RunningStack) -> None:
    case = case_of(stack, fault_of(kind, tenant="nobody*"))
    with pytest.raises(TargetUnfit) as unfit:
        case.prepared()
    assert str(unfit.value) == ("redis: no context window of tenant 'nobody*' is cached; drive some allocations first")


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_more_than_is_kept_is_refused(kind: str, stack: RunningStack, cached: Any) -> None:
    life = cached.info("server")["run_id"]
    key = "context:a-large-one"
    cached.zadd(key, {f"window {life}".encode(): float("-inf"), b'{"x":"' + b"y" * 7_000_000 + b'"}': 1})
    try:
        with pytest.raises(
            TargetUnfit, match=r"^redis: what would be changed is \d+\.\d MB, and at most 8 MB are kept"
        ):
            case_of(stack, fault_of(kind, tenant="a-large-one")).prepared()
    finally:
        cached.delete(key)


def test_a_silent_redis_is_an_error_and_not_a_no(stack: RunningStack, tenant: Driven) -> None:
    """Both kinds ask it in the same way."""
    case = case_of(stack, fault_of("corrupt_cache", tenant=tenant.tenant))
    undo = case.injected()
    with paused(stack, "redis"):
        for ask in (case.injector.gone, case.injector.in_force, case.injector.heal):
            began_s = time.monotonic()
            with pytest.raises(TargetUnfit, match=f"then chaos-aura heal {undo.data['lease']}$"):
                ask(undo)
            assert time.monotonic() - began_s < 30  # 5 is the promise; without a limit it would be for ever
        with pytest.raises(TargetUnfit, match=r"run: chaos-aura status$"):
            case.prepared()
    case.healed(undo)


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_a_redis_that_is_down_still_has_it(kind: str, stack: RunningStack, tenant: Driven) -> None:
    case = case_of(stack, fault_of(kind, tenant=tenant.tenant))
    undo = case.injected()
    stop_redis(stack)
    try:
        for ask in (case.injector.gone, case.injector.heal):
            with pytest.raises(TargetUnfit, match=r"what was changed is still in its files; run: chaos-aura up, then"):
                ask(undo)
    finally:
        case.restore()
    case.healed(undo)


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_with_all_data_removed_nothing_is_left_to_heal(
    kind: str, stack: RunningStack, window: Driven, tmp_path: Path
) -> None:
    undo = case_of(stack, fault_of(kind, tenant=window.tenant)).prepared()
    (tmp_path / "data" / "redis").mkdir(parents=True)
    lost = Undo({**undo.data, "uri": "redis://127.0.0.1:1", "data_folder": str(tmp_path / "data" / "redis")})
    injector = RedisInjector(replace(ground_of(stack), home=tmp_path))
    with pytest.raises(TargetUnfit, match=r"^redis: cannot be asked at redis://127\.0\.0\.1:1 "):
        injector.gone(lost)
    shutil.rmtree(tmp_path / "data")
    injector.heal(lost)
    assert injector.gone(lost).seen == "all that Redis kept has been removed"


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_by_hand_it_is_healed_too(kind: str, stack: RunningStack, cached: Any) -> None:
    driven = drive(stack)
    case = case_of(stack, fault_of(kind, tenant=driven.tenant))
    undo = case.injected()
    assert not case.injector.gone(undo).holds
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(undo.by_hand, shell=True, env=path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    case.await_gone(undo)
    allocate_until_whole(stack, driven)


@pytest.mark.alone
def test_ten_thousand_windows_are_hurt_and_healed_in_time(stack: RunningStack, cached: Any) -> None:
    life = cached.info("server")["run_id"]
    keys = [f"context:one-of-many-{number}" for number in range(10_000)]
    now_ms = time.time() * 1000 + 3_600_000
    with cached.pipeline(transaction=False) as pipe:
        for number, key in enumerate(keys):
            pipe.zadd(key, {f"window {life}": float("-inf"), json.dumps({"allocation_id": key, "count": 1}): now_ms})
            pipe.pexpire(key, 600_000 + number)
        pipe.execute()
    case = case_of(stack, fault_of("corrupt_cache", count=10_000))
    try:
        undo = timed(case.prepared)
        timed(lambda: case.injector.inject(undo))
        assert timed(lambda: case.injector.in_force(undo)).facts["corrupt"] == 10_000
        timed(lambda: case.injector.heal(undo))
        assert timed(lambda: case.injector.gone(undo)).facts["restored"] == 10_000
    finally:
        cached.delete(*keys)


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_other_targets_are_told_what_to_name(kind: str, stack: RunningStack) -> None:
    injector, fault = RedisInjector(ground_of(stack)), fault_of(kind)
    for name in ("neo4j", "worker.redis", "api"):
        capability = injector.can(fault, stack.catalogue.target(name))
        assert not capability
        assert capability.why
        assert "redis" in capability.remedy


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.setattr("sys.path_importer_cache", {})
    monkeypatch.delitem(sys.modules, "redis")
    address = Address("127.0.0.1", 1)
    injector = RedisInjector(Ground(tmp_path, {}))
    capability = injector.can(fault_of("evict_cache"), Service("redis", address, "redis", "7"))
    assert not capability
    assert capability.remedy == "run: pip install 'chaos-aura[clients]'"


def test_making_one_imports_no_client() -> None:
    code = "import sys, injectors.redis_store; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], timeout=30, check=False).returncode == 0


def test_its_names_are_the_platform_s() -> None:
    assert contexts.window_key("acme") == f"{windows.PREFIX}acme"
    assert contexts._keys("acme")[1] == f"{windows.PENDING_PREFIX}acme"  # noqa: SLF001
    assert context_scripts.MARKER == windows.MARKER
    assert contexts._PENDING_TTL_MS == windows.PENDING_TTL_MS  # noqa: SLF001


def stop_redis(stack: RunningStack) -> None:
    stack.supervisor.stop("redis")
    wait_until(lambda: stack.supervisor.children()["redis"].process is None, _WITHIN_S, "Redis has ended")


def timed[T](work: Callable[[], T]) -> T:
    """Whatever it is, it may not block for longer than 5 s, and on a machine that others use for twice as long."""
    began_s = time.monotonic()
    done = work()
    took_s = time.monotonic() - began_s
    print(f"took {took_s:.2f} s")  # noqa: T201 - pytest shows it when the test fails
    assert took_s < 10
    return done


def expiry_ms(client: Any, key: str) -> int:
    """Exact, when no millisecond ends between the two questions."""
    script = """
    for _ = 1, 1000 do
      local one = redis.call('TIME')
      local left = redis.call('PTTL', KEYS[1])
      local two = redis.call('TIME')
      if math.floor(one[2] / 1000) == math.floor(two[2] / 1000) then
        return string.format('%.0f', one[1] * 1000 + math.floor(one[2] / 1000) + left)
      end
    end
    """
    return int(client.eval(script, 1, key))
