"""A container in each of its states, as the engine describes it."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from awaiting import wait_until
from foreign_project import REDIS, REDIS_PORT, WEB, ForeignProject

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.core.process import ProcessId

_WITHIN_S = 20

type Contain = Callable[..., Container]


def test_one_that_was_made_has_never_run(contain: Contain) -> None:
    made = contain(start=False)
    assert (made.status, made.pid, made.started_at) == (Status.CREATED, 0, "")
    assert not made.is_running
    assert made.process is None


def test_one_that_runs_has_a_process_of_this_machine(contain: Contain) -> None:
    running = contain()
    assert running.status is Status.RUNNING
    assert running.process == ProcessId.of(running.pid)
    assert Path(f"/proc/{running.pid}/comm").read_text() == "sleep\n"
    assert running.restarts == running.exit_code == 0


def test_one_that_is_frozen_still_runs(engine: Engine, contain: Contain) -> None:
    running = contain()
    engine.api.pause(running.id)
    frozen = engine.inspect(running.id)
    assert frozen.status is Status.PAUSED
    assert frozen.is_running
    assert frozen.process == running.process
    assert frozen.life == running.life


def test_one_that_ended_tells_how(engine: Engine, contain: Contain) -> None:
    ended = contain(["sh", "-c", "exit 3"])
    wait_until(lambda: not engine.inspect(ended.id).is_running, _WITHIN_S, "it has ended")
    ended = engine.inspect(ended.id)
    assert (ended.status, ended.exit_code, ended.pid, ended.process) == (Status.EXITED, 3, 0, None)
    assert ended.started_at


def test_one_that_crashed_comes_back_with_another_life(engine: Engine, contain: Contain) -> None:
    before = contain(restart="always")
    assert before.comes_back
    os.kill(before.pid, signal.SIGKILL)
    back = wait_until(
        lambda: now if (now := engine.inspect(before.id)).is_running and now.restarts else None, _WITHIN_S, "it is back"
    )
    assert back.restarts == 1
    assert back.id == before.id
    assert back.life != before.life
    assert back.process
    assert back.process != before.process


def test_one_that_crashes_at_once_is_between_two_lives(engine: Engine, contain: Contain) -> None:
    crashing = contain("false", restart="always")
    between = wait_until(
        lambda: now if (now := engine.inspect(crashing.id)).status is Status.RESTARTING else None,
        _WITHIN_S,
        "it waits to be restarted",
    )
    assert not between.is_running
    assert between.process is None
    assert between.exit_code == 1


def test_one_without_a_policy_stays_away(contain: Contain) -> None:
    assert not contain(start=False).comes_back
    assert contain(start=False, restart="unless-stopped").comes_back


def test_one_that_needed_too_much_memory_says_so(engine: Engine, contain: Contain) -> None:
    greedy = contain(["python3", "-c", "b'x' * (1 << 28)"], mem_limit="32m", memswap_limit="32m")
    wait_until(lambda: not engine.inspect(greedy.id).is_running, _WITHIN_S, "it has ended")
    wait_until(lambda: engine.inspect(greedy.id).oom_killed, _WITHIN_S, "its engine knows of what")
    assert greedy.host_config["Memory"] == 32 << 20


def test_a_pid_of_a_stranger_is_never_taken_for_its_own(contain: Contain) -> None:
    """So it would be for an engine on another machine, or in a virtual one."""
    running = contain()
    assert replace(running, pid=os.getpid()).process is None
    assert replace(running, id="0" * 64).process is None


def test_a_service_of_a_project(engine: Engine, foreign: Callable[..., ForeignProject]) -> None:
    project = foreign(webs=2)
    first, second = project.containers(WEB)
    assert (first.project, first.service, first.number, second.number) == (project.name, WEB, 1, 2)
    assert not first.is_one_off
    [network] = first.networks.values()
    assert network.address
    assert WEB in network.aliases
    redis = project.container(REDIS)
    assert list(redis.published) == [REDIS_PORT]
    assert redis.health == ""
    wait_until(lambda: project.container(WEB).health == "healthy", _WITHIN_S, "its healthcheck has passed")
    project.up("--force-recreate", "--no-deps", f"--scale={WEB}=2", WEB)
    recreated = project.container(WEB)
    assert recreated.number == 1
    assert recreated.id != first.id
    assert engine.find(first.id) is None


def test_one_without_compose_is_its_own_service(contain: Contain) -> None:
    alone = contain(start=False)
    assert (alone.project, alone.service, alone.number) == ("", alone.name, 1)
    assert contain(start=False, labels={"com.docker.compose.container-number": "x"}).number == 1
