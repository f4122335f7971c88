"""The project of somebody else that tests attack: well, hurt for real, and gone afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from awaiting import wait_until
from compose import Compose, all_composes
from docker_engine import MARK, labels_of, marked, new_mark, remove_abandoned, remove_marked
from foreign_project import REDIS, WEB, ForeignProject, foreign_project

from chaos_aura.containers.engine import Engine
from chaos_aura.core.process import ProcessId

_BACK_WITHIN_S = 20
_TMPFS_MB = 16

type Foreign = Callable[..., ForeignProject]


def test_it_is_well_while_its_redis_answers(foreign: Foreign) -> None:
    project = foreign()
    host = project.container(WEB).id[:12]
    assert project.ask() == (200, {"host": host, "redis": "PONG"})
    assert [project.ask("/count")[1]["redis"] for _ in range(2)] == ["1", "2"]
    assert project.address(WEB).host == "127.0.0.1"
    project.engine.api.pause(project.container(REDIS).id)
    assert project.ask() == (503, {"host": host, "redis": "timed out"})
    assert project.ask("/alive") == (200, {"host": host})


def test_what_crashes_comes_back_where_it_was_with_its_data(foreign: Foreign) -> None:
    project = foreign()
    project.ask("/count")
    before = project.container(REDIS)
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: project.container(REDIS).restarts == 1, _BACK_WITHIN_S, "it was started again")
    wait_until(project.is_well, _BACK_WITHIN_S, "it is well again")
    assert project.container(REDIS).published == before.published
    assert project.ask("/count")[1]["redis"] == "2"


def test_it_has_as_many_containers_as_were_asked_for(foreign: Foreign) -> None:
    project = foreign(webs=3)
    hosts = {project.ask(number=number)[1]["host"] for number in (1, 2, 3)}
    assert hosts == {each.id[:12] for each in project.containers(WEB)}
    assert len(hosts) == 3


def test_its_volume_has_the_size_that_was_asked_for(foreign: Foreign) -> None:
    project = foreign(volume_mb=_TMPFS_MB)
    redis = project.container(REDIS)
    began = project.engine.api.exec_create(redis.id, ["df", "--block-size=1M", "--output=size", "/data"])
    assert project.engine.api.exec_start(began["Id"]).split()[-1] == str(_TMPFS_MB).encode()


def test_nothing_stays_of_a_test_that_failed(
    engine: Engine, compose: Compose, foreign_base: str, tmp_path: Path
) -> None:
    mark = new_mark()

    def fail_in_the_middle() -> None:
        with foreign_project(engine, compose, foreign_base, tmp_path, mark) as project:
            engine.api.pause(project.container(REDIS).id)
            engine.api.kill(project.container(WEB).id)
            assert len(marked(engine, mark)) == 4
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle()
    assert marked(engine, mark) == []


def test_what_is_left_behind_is_found(engine: Engine, foreign_base: str, docker_mark: str) -> None:
    labels = labels_of(docker_mark)
    container = engine.api.create_container(foreign_base, "sleep 100", labels=labels)
    engine.api.create_network(name := f"h-{docker_mark.rpartition('.')[2]}", labels=labels)
    engine.api.create_volume(name, labels=labels)
    found = marked(engine, docker_mark)
    assert found == [f"container {engine.inspect(container['Id']).name}", f"network {name}", f"volume {name}"]
    remove_marked(engine, docker_mark)
    assert marked(engine, docker_mark) == []


def test_what_a_killed_test_left_is_removed_and_what_a_living_one_needs_is_not(engine: Engine) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        name = f"chaos-aura-test-{other.pid}"
        engine.api.create_volume(name, labels={MARK: f"{ProcessId.of(other.pid)}.000000"})
        remove_abandoned(engine)
        assert engine.api.inspect_volume(name)
        other.kill()
    remove_abandoned(engine)
    assert name not in {each["Name"] for each in engine.api.volumes()["Volumes"] or ()}


def test_each_compose_of_this_machine_makes_it(engine: Engine, foreign_base: str, tmp_path: Path) -> None:
    """Its names differ from one to the other, its labels do not."""
    composes = all_composes(os.environ)
    assert composes
    for number, each in enumerate(composes):
        folder = tmp_path / str(number)
        folder.mkdir()
        with foreign_project(engine, each, foreign_base, folder, new_mark(), webs=2) as project:
            assert [container.number for container in project.containers(WEB)] == [1, 2]
            project.run("restart", WEB)
            wait_until(project.is_well, _BACK_WITHIN_S, f"{each} has restarted it")
