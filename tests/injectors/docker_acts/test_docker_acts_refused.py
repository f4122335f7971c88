"""What cannot be done to a container is refused before anything is touched: why, and what to do."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from docker_victims import Victims
from process_cases import fault_of
from test_docker_acts import fault_of as inside

from chaos_aura.core.catalogue import DOCKER, Catalogue
from chaos_aura.core.errors import FaultImpossible, TargetUnfit
from chaos_aura.core.fault import Capability
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.possibilities import possibilities
from chaos_aura.faults.registry import Registry
from chaos_aura.supervision.place import CATALOGUE
from injectors.cgroup import CgroupInjector
from injectors.clock import ClockInjector
from injectors.crash_loop import CrashLoopInjector
from injectors.docker import DockerInjector
from injectors.duty_cycle import DutyCycleInjector
from injectors.limits import LimitsInjector
from injectors.process import ProcessInjector

Make = Callable[..., Victims]
_NEVER = {"restart_policy": {"Name": "no"}}


def asked(these: Victims, kind: str, **given: object) -> Capability:
    return DockerInjector(these.ground).can(fault_of(kind, "web", **given), these.target)


@pytest.mark.parametrize("kind", ["kill", "oom_kill", "crash_loop"])
def test_whom_nobody_would_start_again_is_not_struck_as_by_a_crash(made: Make, kind: str) -> None:
    these = made(settings=_NEVER)
    answer, name = asked(these, kind), these.names()[0]
    assert answer.why == f"{name} has no restart policy: nobody would start it again"
    assert f"docker update --restart always {name}" in answer.remedy
    assert asked(these, "kill", comes_back=False)


@pytest.mark.parametrize(("kind", "given"), [("stop", {}), ("kill", {"comes_back": False})])
def test_what_is_removed_when_it_ends_is_not_ended(made: Make, kind: str, given: dict[str, Any]) -> None:
    answer = asked(made(settings={**_NEVER, "auto_remove": True}), kind, **given)
    assert answer.why.endswith("is removed as soon as it ends (--rm): nobody could start it again")
    assert answer.remedy == "start it without --rm, or use pause"


def test_whose_policy_has_given_up_is_refused(made: Make) -> None:
    these = made(settings={"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 1}})
    injector = DockerInjector(these.ground)
    undo = injector.prepare(fault_of("kill", "web"), these.target, new_lease_id())
    injector.inject(undo)
    these.await_restart(0)
    assert "has used up the 1 restarts of its policy" in asked(these, "kill").why


def test_limits_that_would_take_nothing_or_too_much_are_refused(made: Make) -> None:
    these = made(settings={"mem_limit": "96m", "pids_limit": 50, "cpu_period": 50_000, "cpu_quota": 5_000})
    name = these.names()[0]
    told = {
        ("cpu_throttle", "percent", 10): f"{name} processor time is 10 % already: that would take nothing",
        ("pids_limit", "limit", 50): f"{name} number of processes is 50 already: that would take nothing",
        ("memory_limit", "limit_mb", 96): f"{name} memory is 96 MB already: that would take nothing",
        ("memory_limit", "limit_mb", 5): f"{name} no engine lets a container have less than 6 MB",
    }
    for (kind, parameter, value), why in told.items():
        assert (answer := asked(these, kind, **{parameter: value})).why == why
        assert answer.depends_on == parameter
    assert "uses" in (answer := asked(these, "memory_limit", limit_mb=8)).why
    assert answer.remedy.endswith("MB or more, or use oom_kill")


def test_the_disk_of_the_machine_is_never_filled(made: Make) -> None:
    answer = asked(made(), "disk_full", leave_mb=0)
    assert answer.why.endswith("-web-1 has no volume, only the disk of its machine: that is never filled")
    assert "size=64m" in answer.remedy


def test_a_disk_in_memory_is_not_filled_beyond_its_limit(made: Make) -> None:
    these = made(settings={"mem_limit": "64m", "tmpfs": {"/data": "size=128m"}})
    assert "is kept in its memory, of which it may have 64 MB only" in asked(these, "disk_full", leave_mb=0).why
    assert "only 128 MB are free at /data" in asked(these, "disk_full", leave_mb=512).why
    assert asked(these, "disk_full", leave_mb=100)


def test_a_volume_that_stays_too_free_is_refused(made: Make) -> None:
    these = made(settings={"tmpfs": {"/data": "size=32m"}})
    answer = asked(these, "disk_full", leave_mb=0, size_mb=8)
    assert answer.why.startswith("disk_full of 8 MB would leave 24 MB free, not 0: it would not fill /data")
    assert answer.remedy == "ask for size_mb=33"


def test_a_tool_that_is_not_inside_is_named(made: Make) -> None:
    these = made(settings={"tmpfs": {"/data": "size=8m"}})
    these.run_inside("rm", "/usr/bin/dd")
    for kind, given in (("oom_kill", {}), ("disk_full", {"leave_mb": 0})):
        assert "has no `dd` inside" in asked(these, kind, **given).why
    these.run_inside("rm", "/usr/bin/df")
    assert "has no `df` inside" in asked(these, "disk_full", leave_mb=0).why


def test_a_process_that_is_not_inside_is_refused_with_those_that_are(made: Make) -> None:
    these = made()
    answer = DockerInjector(these.ground).can(inside("pause_inside", process="redis-server"), these.target)
    assert answer.why == f"no process inside of {these.names()[0]} is called redis-server"
    assert "there are: " in answer.remedy
    assert "python3" in answer.remedy
    assert answer.depends_on == "process"


def test_what_a_program_was_told_is_no_name_of_it(made: Make) -> None:
    """The server is `python3 -S -c ...`."""
    these = made()
    for word in ("-S", "S"):
        refused = DockerInjector(these.ground).can(inside("pause_inside", process=word), these.target)
        assert refused.why.endswith(f"is called {word}")
        assert "-S" not in refused.remedy.removeprefix("there are: ").split(", ")


def test_faults_says_cannot_of_no_kind_that_another_number_makes_possible(made: Make) -> None:
    these = made(settings={"mem_limit": "96m", "pids_limit": 50})
    registry = Registry((DockerInjector(these.ground),))
    rows = {row.kind.name: row for row in possibilities(registry, these.ground.catalogue)}
    assert rows["pids_limit"].summary == "docker: web"
    assert rows["memory_limit"].summary == "docker, depends on limit_mb: web"
    for kind in ("pause_inside", "kill_inside"):
        assert rows[kind].summary == "docker, depends on process: web"
        assert "python3" in rows[kind].refused["web"]["docker"].remedy
    command = [sys.executable, "-m", "chaos_aura.cli.main", "faults", "memory_limit"]
    told = subprocess.run(command, cwd=these.home.parent, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "by docker, depends on limit_mb: web\n" in told
    assert f"\nweb by docker depends on limit_mb: {these.names()[0]} memory is 96 MB already" in told
    assert "by docker: no target" not in told


def test_a_clock_that_nobody_can_set_is_refused(made: Make) -> None:
    answer = asked(made(), "clock_skew", offset_s=60)
    assert answer.why.endswith("was started without a clock of its own")
    assert "FAKETIME_TIMESTAMP_FILE" in answer.remedy


def test_what_nobody_can_give_our_own_stack_is_not_advised_there(made: Make) -> None:
    these = made()
    ours = Catalogue(DOCKER, (these.target,), ())
    (these.home / CATALOGUE).write_text(ours.to_json(), encoding="utf-8")
    disk, clock = asked(these, "disk_full", leave_mb=0), asked(these, "clock_skew", offset_s=60)
    assert disk.remedy == "fill a disk of the local stack: chaos-aura down, then chaos-aura up --stack local"
    assert (clock.remedy, clock.left_to) == ("", "clock")


def test_what_is_said_of_a_stopped_container_is_how_to_start_it(made: Make) -> None:
    """Whoever has nothing to do with containers says nothing."""
    these = made()
    name = these.names()[0]
    these.engine.api.stop(name, timeout=0)
    registry = Registry((ProcessInjector(these.ground), DockerInjector(these.ground)))
    with pytest.raises(FaultImpossible) as refused:
        registry.choose(fault_of("pause", "web"), these.target)
    assert str(refused.value) == (f"pause of web: docker: web: has no container that runs; run: docker start {name}")
    [row] = possibilities(registry, these.ground.catalogue, "pause")
    assert list(row.refused["web"]) == ["docker"]
    assert row.summary == f"cannot: web: has no container that runs (run: docker start {name})"


def test_a_pause_of_somebody_else_is_left_alone(made: Make) -> None:
    these = made()
    these.engine.api.pause(these.names()[0])
    with pytest.raises(TargetUnfit, match=r"is paused already; run: docker unpause"):
        DockerInjector(these.ground).prepare(fault_of("pause", "web"), these.target, new_lease_id())


def test_of_two_it_must_be_said_which(made: Make) -> None:
    these = made(count=2)
    answer = asked(these, "pause")
    assert "has 2 containers" in answer.why
    for which in ("one", "all", "50%", these.names()[1]):
        assert asked(these, "pause", which=which)


OTHERS: list[tuple[Callable[[Ground], Injector], str, dict[str, Any]]] = [
    (ProcessInjector, "kill", {}),
    (LimitsInjector, "fd_limit", {"limit": 64}),
    (CgroupInjector, "cpu_throttle", {}),
    (CrashLoopInjector, "crash_loop", {}),
    (DutyCycleInjector, "cpu_throttle", {}),
    (ClockInjector, "clock_skew", {"offset_s": 60}),
]


@pytest.mark.parametrize(("make", "kind", "given"), OTHERS, ids=[kind.__name__ for kind, *_ in OTHERS])
def test_injectors_of_processes_leave_containers_to_this_one(
    tmp_path: Any, make: Callable[[Ground], Injector], kind: str, given: dict[str, Any]
) -> None:
    these = Victims(None, "", "0.0", tmp_path)  # type: ignore[arg-type] - nothing is made
    these.reserved.release()
    answer = make(Ground(tmp_path, {})).can(fault_of(kind, "web", **given), these.target)
    assert answer.why == "web runs in a container, which no supervisor of ours keeps"
    assert (answer.remedy, answer.left_to) == ("leave it to the injector docker", DockerInjector.name)
