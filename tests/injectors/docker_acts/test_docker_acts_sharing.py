"""Containers that share their processes with others: nothing is done to one that would reach those."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from docker_victims import WITHIN_S, Victims
from process_cases import fault_of, injected
from test_docker_acts import fault_of as inside
from test_docker_acts_healed import healed, prepared

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import TargetUnfit
from injectors.docker import DockerInjector
from injectors.docker.kernel import Kernel
from injectors.docker.lifecycle.kill import Kill
from injectors.docker.one import Known
from injectors.docker.resources.oom import OomKill

Make = Callable[..., Victims]


def among(made: Make, **settings: Any) -> tuple[Victims, Container]:
    """A victim that was put among the processes of a stranger."""
    these = made(words=("with-child",))
    host = these.stranger(f"{these.project}-host")
    these.remove()
    these.settings = {"pid_mode": f"container:{host.id}", **settings}
    these.make()
    return these, host


def from_inside(row: Mapping[str, Any]) -> dict[str, Any]:
    """As where its process cannot be signalled from outside."""
    return {**row, "part": {**row["part"], "how": "inside"}}


def test_among_all_processes_of_the_machine_nothing_is_killed_from_inside(made: Make) -> None:
    """Asked only."""
    these = made(settings={"init": True, "pid_mode": "host"})
    now = these.now()
    unseen = replace(now, pid=0)
    for answer in (
        Kill(these.engine).can(fault_of("kill", "web"), unseen),
        OomKill(these.engine, Kernel(these.engine)).can(fault_of("oom_kill", "web"), now),
    ):
        assert answer.why == (
            f"{now.name} shares the processes of its machine (pid: host): others than its own would be hurt"
        )
        assert answer.remedy == "start it without `pid`, or use stop"


def test_among_processes_of_another_container_nothing_is_killed_from_inside(made: Make) -> None:
    these, host = among(made, init=True)
    why = rf"shares the processes of container {host.id[:12]}"
    injector, undo = prepared(these, "kill")
    undo = replace(undo, data={**undo.data, "each": [from_inside(undo.data["each"][0])]})
    with pytest.raises(TargetUnfit, match=why):
        injector.inject(undo)
    now, oom = these.now(), OomKill(these.engine, Kernel(these.engine))
    with pytest.raises(TargetUnfit, match=why):
        oom.inject(Known.of(now), now, {"limit": 0, "user": "", "former": [], "at_s": 0.0, "score": 0})
    with pytest.raises(TargetUnfit, match=why):
        prepared(these, "oom_kill")


def test_who_was_put_among_its_processes_is_spared(made: Make) -> None:
    these = made(settings={"init": True})
    injector, undo = prepared(these, "kill")
    first = inside("kill_inside", process="docker-init")
    assert injector.can(first, these.target)
    guest = these.stranger(f"{these.project}-guest", pid_mode=f"container:{these.now().id}")
    undo = replace(undo, data={**undo.data, "each": [from_inside(undo.data["each"][0])]})
    with pytest.raises(TargetUnfit, match=rf"{guest.name} shares the processes of .*, and would be hurt, too"):
        injector.inject(undo)
    assert injector.can(first, these.target).why.startswith(f"{guest.name} shares the processes of")
    assert injector.can(inside("kill_inside", process="python3"), these.target)
    assert these.engine.inspect(guest.id).life == guest.life
    assert these.engine.inspect(guest.id).is_running


def test_of_a_name_that_others_have_too_only_its_own_process_is_frozen(made: Make) -> None:
    these, host = among(made)
    injector = DockerInjector(these.ground)
    undo = injected(injector, inside("pause_inside", process="sleep"), these.target)
    assert these.ask("child") == "T"
    assert host.process
    assert state_of(host.pid) == "S"
    healed(injector, undo)
    wait_until(lambda: these.ask("child") == "S", WITHIN_S, "it sleeps again")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
