"""Of several containers those are hurt that are meant, and no others."""

from collections.abc import Callable

from docker_victims import Victims
from test_docker_acts_healed import healed, struck

from chaos_aura.containers.container import Status


def those(these: Victims, status: Status) -> set[int]:
    return {number for number in these.numbers if these.now(number).status is status}


def test_who_is_not_meant_is_spared(made: Callable[..., Victims]) -> None:
    """Half of three are two: never fewer than were asked for."""
    these = made(count=3)
    meant = {"one": {1}, "50%": {1, 2}, these.names()[1]: {2}, "all": {1, 2, 3}}
    for which, numbers in meant.items():
        injector, undo = struck(these, "pause", which=which)
        assert those(these, Status.PAUSED) == numbers, which
        healed(injector, undo)
        assert those(these, Status.RUNNING) == {1, 2, 3}, which
