"""Containers healed: exactly to what they had, whoever took their place, and each whatever becomes of the others."""

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from docker_victims import WITHIN_S, Victims
from process_cases import fault_of, injected

from chaos_aura.containers.container import Status
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Proof, Undo
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.awaiting import await_proof
from injectors.docker import DockerInjector

Make = Callable[..., Victims]
_CONFIGURED = ("NanoCpus", "CpuQuota", "CpuPeriod", "Memory", "MemorySwap", "PidsLimit")


def prepared(these: Victims, kind: str, **given: object) -> tuple[DockerInjector, Undo]:
    injector = DockerInjector(these.ground)
    return injector, injector.prepare(fault_of(kind, "web", **given), these.target, new_lease_id())


def struck(these: Victims, kind: str, **given: object) -> tuple[DockerInjector, Undo]:
    injector = DockerInjector(these.ground)
    return injector, injected(injector, fault_of(kind, "web", **given), these.target)


def healed(injector: DockerInjector, undo: Undo) -> str:
    """As the engine does it: again and again. What was seen when it was gone."""

    def heal_and_look() -> Proof:
        injector.heal(undo)
        return injector.gone(undo)

    proof = await_proof(heal_and_look, WITHIN_S)
    assert proof, proof.seen
    return proof.seen


def configured(these: Victims) -> list[object]:
    return [these.now().host_config.get(name) or 0 for name in _CONFIGURED]


@pytest.mark.parametrize(
    "settings",
    [
        {"mem_limit": "128m", "memswap_limit": "192m", "pids_limit": 200, "nano_cpus": 500_000_000},
        {"mem_limit": "128m", "memswap_limit": -1, "pids_limit": 200, "cpu_quota": 40_000, "cpu_period": 80_000},
    ],
    ids=["by nano cpus", "by quota, any swap"],
)
def test_limits_come_back_as_they_were(made: Make, settings: dict[str, object]) -> None:
    these = made(settings=settings)
    before = configured(these)
    faults = {"cpu_throttle": {"percent": 20}, "memory_limit": {"limit_mb": 48}, "pids_limit": {"limit": 20}}
    for kind, given in faults.items():
        injector, undo = struck(these, kind, **given)
        assert configured(these) != before
        healed(injector, undo)
        assert configured(these) == before
    assert these.ask("memory") == str(128 << 20)


def test_what_nobody_had_limited_is_unlimited_again(made: Make) -> None:
    these = made()
    for kind, given in (
        ("cpu_throttle", {"percent": 20}),
        ("memory_limit", {"limit_mb": 48}),
        ("pids_limit", {"limit": 9}),
    ):
        seen = healed(*struck(these, kind, **given))
        assert "unlimited" in seen


def test_a_limit_outlives_a_restart_and_is_healed_while_its_container_is_down(made: Make) -> None:
    these = made()
    injector, undo = struck(these, "memory_limit", limit_mb=48)
    these.restart()
    assert injector.in_force(undo)
    these.engine.api.kill(these.names()[0])
    assert not injector.gone(undo)
    assert "will be started without it" in healed(injector, undo)
    these.restore()
    assert int(these.ask("memory")) > 1 << 40


def test_a_value_of_somebody_else_is_left(made: Make) -> None:
    these = made()
    injector, undo = struck(these, "cpu_throttle", percent=10)
    these.engine.api.update_container(these.names()[0], cpu_quota=70_000)
    healed(injector, undo)
    assert these.now().host_config["CpuQuota"] == 70_000


def test_who_takes_the_place_of_a_container_is_left_alone(made: Make) -> None:
    these = made()
    injector, undo = struck(these, "pause")
    these.remove()
    assert healed(injector, undo).endswith("was removed, and the fault with it")
    these.make()
    these.engine.api.pause(these.names()[0])  # by somebody else
    healed(injector, undo)
    assert these.now().status is Status.PAUSED


def test_a_failure_with_one_keeps_no_other_from_being_healed(made: Make) -> None:
    these = made(count=2)
    injector, undo = struck(these, "kill", comes_back=False, which="all")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", these.port))
        taken.listen()
        with pytest.raises(TargetUnfit, match=f"{these.names()[0]}: the engine refused: .*"):
            injector.heal(undo)
        assert [these.now(number).is_running for number in (1, 2)] == [False, True]
        assert not injector.gone(undo)
    healed(injector, undo)
    these.await_well()


def test_what_has_ten_minutes_to_end_is_hurried_by_healing(made: Make) -> None:
    """Its server is process 1, which no SIGTERM ends."""
    these = made()
    injector, undo = prepared(these, "stop", grace_s=600)
    injector.inject(undo)
    assert not injector.in_force(undo)
    assert "was told to end" in injector.gone(undo).seen
    former = these.now().life
    healed(injector, undo)
    these.await_well()
    assert these.now().life != former


@pytest.mark.parametrize("kind", ["stop", "restart"])
def test_who_was_never_told_to_end_is_not_killed_by_healing(made: Make, kind: str) -> None:
    these = made()
    injector, undo = prepared(these, kind, grace_s=600)
    former = these.now().life
    assert "runs still" in healed(injector, undo)
    assert these.now().life == former


def test_a_signal_that_ends_nobody_is_not_taken_for_the_end(made: Make) -> None:
    these = made()
    injector, undo = prepared(these, "stop", grace_s=600)
    these.engine.api.kill(these.names()[0], signal="SIGUSR1")
    former = these.now().life
    assert "runs still" in healed(injector, undo)
    assert these.now().life == former


def test_a_container_that_was_started_anew_meanwhile_is_not_struck(made: Make) -> None:
    these = made()
    for kind, given in (("kill", {}), ("pause", {}), ("stop", {}), ("cpu_throttle", {}), ("fd_limit", {"limit": 64})):
        injector, undo = prepared(these, kind, **given)
        these.restart()
        with pytest.raises(TargetUnfit, match="started anew before the fault could be injected; try again"):
            injector.inject(undo)


def test_from_inside_it_is_killed_by_way_of_its_init(made: Make) -> None:
    """As where its process cannot be signalled from outside."""
    these = made(settings={"init": True})
    injector, undo = prepared(these, "kill")
    row = undo.data["each"][0]
    undo = replace(undo, data={**undo.data, "each": [{**row, "part": {**row["part"], "how": "inside"}}]})
    injector.inject(undo)
    proof = await_proof(lambda: injector.in_force(undo), WITHIN_S)
    assert proof, proof.seen
    these.await_restart(0)
    healed(injector, undo)


def test_where_there_is_an_init_the_service_is_limited(made: Make) -> None:
    these = made(settings={"init": True})
    injector, undo = struck(these, "file_size_limit", limit_kb=64)
    assert these.ask("write", path="/tmp/grown", kb=100) == "EFBIG"
    healed(injector, undo)
    assert these.ask("write", path="/tmp/grown", kb=100) == "all"


def test_a_kill_looks_to_its_engine_like_a_crash(made: Make) -> None:
    these = made()
    injector, undo = struck(these, "kill")
    these.await_restart(0)
    assert "runs again" in healed(injector, undo)


def test_an_oom_kill_is_one_and_leaves_the_memory_as_it_was(made: Make) -> None:
    these = made(settings={"mem_limit": "256m"})
    before = configured(these)
    injector, undo = struck(these, "oom_kill")
    assert "for want of memory" in injector.in_force(undo).seen
    these.await_restart(0)
    healed(injector, undo)
    assert configured(these) == before
    assert these.ask("memory") == str(256 << 20)


def test_the_disk_of_one_that_is_frozen_is_emptied_from_outside(made: Make) -> None:
    these = made(settings={"tmpfs": {"/data": "size=8m"}})
    injector, undo = struck(these, "disk_full", leave_mb=0)
    these.engine.api.pause(these.names()[0])
    healed(injector, undo)
    these.engine.api.unpause(these.names()[0])
    assert these.ask("write", path="/data/more", kb=7000) == "all"


def test_the_disk_of_one_that_is_frozen_is_never_looked_for_along_a_link(made: Make) -> None:
    """Which this machine would follow to a place of its own, where no such file is."""
    these = made(settings={"tmpfs": {"/var/lock": "size=8m"}})
    [name] = these.names()
    assert "/run/lock" in str(run_inside(these.engine, these.engine.inspect(name), ("readlink", "/var/lock")).said)
    injector, undo = struck(these, "disk_full", leave_mb=0)
    these.engine.api.pause(name)
    with pytest.raises(TargetUnfit, match=f"is still there; run: docker unpause {name}"):
        injector.gone(undo)
    these.engine.api.unpause(name)
    healed(injector, undo)
    assert these.ask("write", path="/var/lock/more", kb=7000) == "all"


def test_a_volume_of_limited_size_is_filled_and_emptied(made: Make) -> None:
    these = made()
    these.remove()
    volume = these.make_volume("size=8m")
    these.settings = {"binds": [f"{volume}:/data"]}
    these.make()
    injector, undo = struck(these, "disk_full", leave_mb=2)
    assert these.ask("write", path="/data/more", kb=1500) == "all"
    assert these.ask("write", path="/data/more", kb=2500) == "ENOSPC"
    healed(injector, undo)
    assert these.ask("write", path="/data/more", kb=7000) == "all"
    these.remove()
    these.remove_volume(volume)
    assert "is gone" in healed(injector, undo) or "not there" in healed(injector, undo)
