"""How the containers of a stack are told: in the words that a supervisor has for its processes."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from foreign_project import REDIS, WEB, ForeignProject

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.keeper import Containers, ended
from chaos_aura.containers.of_stack import keeper_of
from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import CATALOGUE
from chaos_aura.supervision.state import ChildState

_WITHIN_S = 20

type Foreign = Callable[..., ForeignProject]
type Contain = Callable[..., Container]


def service(name: str, runs_in: dict[str, str]) -> Service:
    return Service(name, Address("127.0.0.1", 1), "http", "", runs_in=runs_in)


def kept(engine: Engine, project: ForeignProject, *services: str) -> Containers:
    rows = tuple(service(name, project.group(name).to_dict()) for name in services)
    return Containers(Catalogue("docker", rows, ()), engine)


def test_each_service_by_its_name(engine: Engine, foreign: Foreign) -> None:
    project = foreign()
    children = kept(engine, project, REDIS, WEB, "none").children()
    assert list(children) == [REDIS, WEB, "none"]
    redis = children[REDIS]
    assert redis.state is ChildState.RUNNING
    assert redis.process == project.container(REDIS).process
    assert (redis.restarts, redis.last_end, redis.is_job) == (0, "", False)
    assert (children["none"].state, children["none"].last_end) == (ChildState.STOPPED, "there is no container")


def test_of_several_the_one_that_is_not_well(engine: Engine, foreign: Foreign) -> None:
    project = foreign(webs=3)
    keeper = kept(engine, project, WEB)
    engine.api.stop(project.container(WEB, 2).id, timeout=_WITHIN_S)
    assert keeper.children()[WEB].state is ChildState.STOPPED
    assert keeper.children()[WEB].last_end == "exit 0"
    for number in (1, 3):
        os.kill(project.container(WEB, number).pid, signal.SIGKILL)
    wait_until(lambda: keeper.children()[WEB].restarts == 2, _WITHIN_S, "two were restarted")
    engine.api.start(project.container(WEB, 2).id)
    wait_until(lambda: keeper.children()[WEB].state is ChildState.RUNNING, _WITHIN_S, "all run again")


def test_frozen_is_running_as_a_stopped_process_is(engine: Engine, foreign: Foreign) -> None:
    project = foreign()
    engine.api.pause(project.container(REDIS).id)
    assert kept(engine, project, REDIS).children()[REDIS].state is ChildState.RUNNING


def test_one_that_crashes_again_and_again_waits(engine: Engine, contain: Contain) -> None:
    crashing = contain(["sh", "-c", "exit 3"], restart="always")
    keeper = Containers(Catalogue("docker", (service("web", {"container": crashing.name}),), ()), engine)
    told = wait_until(
        lambda: child if (child := keeper.children()["web"]).state is ChildState.WAITING else None,
        _WITHIN_S,
        "it waits",
    )
    assert told.last_end == "exit 3"
    assert told.process is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"exit_code": 0}, "exit 0"),
        ({"exit_code": 1}, "exit 1"),
        ({"exit_code": 127}, "exit 127"),
        ({"exit_code": 128}, "exit 128"),
        ({"exit_code": 137}, "signal 9"),
        ({"exit_code": 143}, "signal 15"),
        ({"exit_code": 255}, "exit 255"),
        ({"exit_code": 137, "oom_killed": True}, "killed for want of memory"),
        ({"started_at": ""}, ""),
    ],
)
def test_how_its_last_process_ended(changed: dict[str, int], told: str) -> None:
    document = {
        "Id": "1" * 64,
        "Name": "/web",
        "Image": "sha256:1",
        "State": {"Status": "exited", "Pid": 0, "StartedAt": "2026-11-30T02:31:44.1Z"},
        "Config": {},
    }
    assert ended(replace(Container.of(document), **changed)) == told


@pytest.mark.parametrize(("named", "kind"), [("local", Supervision), ("docker", Containers), ("external", Containers)])
def test_a_stack_says_who_keeps_it(tmp_path: Path, named: str, kind: type) -> None:
    assert isinstance(keeper_of(tmp_path, {}), Supervision)
    (tmp_path / CATALOGUE).write_text(Catalogue(named, (), ()).to_json())
    assert isinstance(keeper_of(tmp_path, {}), kind)


def test_what_runs_in_no_container_is_not_asked_for() -> None:
    nobody = Engine({"DOCKER_HOST": "unix:///nowhere"})
    assert Containers(Catalogue("docker", (service("web", {}),), ()), nobody).children() == {}
