"""One project, two kinds of stack: neither is ended, hidden or kept from ending by the other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack import PlacedStack

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import DOCKER, Catalogue, Service
from chaos_aura.stack.docker.places import MARK

_REDIS = Service("redis", on_loopback(1), "redis", "", {}, {"project": "nobody", "service": "redis"})


def nowhere(place: PlacedStack, tmp_path: Path) -> PlacedStack:
    """Where no engine answers."""
    return PlacedStack(place.project, {**place.environ, "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"})


def test_a_local_one_ends_although_containers_may_be_left_and_no_engine_answers(
    place: Callable[..., PlacedStack], tmp_path: Path
) -> None:
    one = nowhere(place(), tmp_path)
    one.up("redis")
    (one.project.home / MARK).touch()
    ended = one.command("down", "--purge")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: docker engine: does not run: ")
    assert one.processes() == {}
    assert one.project.home.exists()
    (one.project.home / MARK).unlink()


@pytest.mark.parametrize("said", [(), ("--stack", "local")])
def test_where_containers_may_run_that_nobody_can_see_no_local_one_is_started(
    place: Callable[..., PlacedStack], tmp_path: Path, said: tuple[str, ...]
) -> None:
    one = nowhere(place(), tmp_path)
    one.project.make()
    one.project.catalogue.write_text(Catalogue(DOCKER, (_REDIS,), ()).to_json(), encoding="utf-8")
    refused = one.command("up", "redis", *said)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert one.processes() == {}
    assert Catalogue.from_json(one.project.catalogue.read_text(encoding="utf-8")).stack == DOCKER
    one.project.catalogue.unlink()


def test_a_catalogue_that_cannot_be_read_keeps_nobody_from_starting_and_ending(
    place: Callable[..., PlacedStack],
) -> None:
    one = place()
    one.project.make()
    one.project.catalogue.write_bytes(b"\xff\xfe{")
    up = one.command("up", "redis")
    assert up.returncode == 0, up.stderr
    one.project.catalogue.write_bytes(b"\xff\xfe{")
    down = one.command("down")
    assert (down.returncode, down.stdout) == (0, "down\n"), down.stderr
    assert one.processes() == {}
