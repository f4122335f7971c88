"""Volumes of containers that are hurt: shared with others, of no size of their own, removed for good."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from docker_victims import Victims
from process_cases import fault_of
from test_docker_acts import with_a_clock
from test_docker_acts_healed import healed, struck

from chaos_aura.containers.container import PROJECT, Container
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Undo
from injectors.docker import DockerInjector
from injectors.docker.resources.rooms import sized_places

Make = Callable[..., Victims]


def asked(these: Victims) -> Capability:
    return DockerInjector(these.ground).can(fault_of("disk_full", "web", leave_mb=0), these.target)


def with_volume(made: Make, options: str) -> Victims:
    these = made()
    these.remove()
    these.settings = {"binds": [f"{these.make_volume(options)}:/data"]}
    these.make()
    return these


def sibling(these: Victims) -> Container:
    """Of the same project. What is in memory lasts as long as somebody has it."""
    return these.stranger(f"{these.project}-sibling", {PROJECT: these.project}, binds=[f"{these.project}:/theirs"])


def kept(these: Victims, other: Container) -> list[str]:
    """What the sibling finds there."""
    return run_inside(these.engine, other, ("ls", "-A", "/theirs")).said.split()


def test_a_volume_that_somebody_else_has_too_is_never_filled(made: Make) -> None:
    these = with_volume(made, "size=8m")
    assert asked(these)
    sibling(these)
    assert asked(these)
    other = these.stranger(f"{these.project}-other", {PROJECT: "other"}, binds=[f"{these.project}:/theirs"])
    these.engine.api.kill(other.id)  # it may be started again
    answer = asked(these)
    assert answer.why.endswith(f"its volume {these.project} with {other.name}, which is not of its project")
    assert answer.remedy == "give it a volume of its own"


def unseen_from_here(undo: Undo) -> Undo:
    """As where this machine cannot look into its volumes: only who has them can be spoken to."""
    files = [{**row, "place": {**row["place"], "mountpoint": ""}} for row in undo.data["files"]]
    return replace(undo, data={**undo.data, "files": files})


def test_who_is_made_anew_with_a_full_volume_has_room_again(made: Make) -> None:
    these = with_volume(made, "size=8m")
    sibling(these)
    injector, undo = struck(these, "disk_full", leave_mb=0)
    undo = unseen_from_here(undo)
    these.remove()
    these.make()
    assert these.ask("write", path="/data/more", kb=2000) == "ENOSPC"
    assert not injector.gone(undo)
    healed(injector, undo)
    assert these.ask("write", path="/data/more", kb=7000) == "all"


def test_a_full_volume_is_emptied_while_nobody_runs(made: Make) -> None:
    these = with_volume(made, "size=8m")
    other = sibling(these)
    injector, undo = struck(these, "disk_full", leave_mb=0)
    these.remove()
    assert not injector.gone(undo)
    assert kept(these, other)
    healed(injector, undo)
    assert not kept(these, other)
    these.make()
    assert these.ask("write", path="/data/more", kb=7000) == "all"


@pytest.mark.parametrize(
    "options",
    [
        {"type": "nfs", "o": "addr=127.0.0.1,rw", "device": ":/exported"},
        {"type": "cifs", "o": "addr=127.0.0.1,size=8m", "device": "//127.0.0.1/shared"},
        {"type": "ext4", "device": "/dev/chaos-aura-none"},
        {"type": "tmpfs", "device": "tmpfs", "o": "size=0"},
    ],
    ids=["nfs", "cifs", "disk", "any size"],
)
def test_a_volume_without_a_size_of_its_own_is_never_filled(made: Make, options: dict[str, str]) -> None:
    """Made, not mounted: there is no such server."""
    these = made()
    name = f"{these.project}-made"
    these.make_only(name, binds=[f"{these.make_volume(**options)}:/data"])
    with pytest.raises(TargetUnfit, match=r"keeps its data where others keep theirs \(/data\): that is never"):
        sized_places(these.engine, these.engine.inspect(name), "")


def test_a_clock_in_a_volume_that_was_removed_for_good_is_gone(made: Make) -> None:
    these = made()
    these.remove()
    volume, clock = these.make_volume(), with_a_clock()
    these.settings = {"binds": [*clock["settings"]["binds"], f"{volume}:/keeps"]}
    these.environ = {**clock["environ"], "FAKETIME_TIMESTAMP_FILE": "/keeps/clock"}
    these.make()
    injector, undo = struck(these, "clock_skew", offset_s=3600)
    these.remove()
    with pytest.raises(TargetUnfit, match="is read when it is started again"):
        injector.gone(undo)
    these.remove_volume(volume)
    assert healed(injector, undo).endswith("was removed, and its clock with it")
