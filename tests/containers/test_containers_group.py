"""Which containers are a service, which of them an experiment means, and that nobody else ever is."""

import math
from collections.abc import Callable

import pytest
from foreign_project import REDIS, WEB, ForeignProject
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.containers.container import NUMBER, PROJECT, SERVICE, Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group, chosen
from chaos_aura.core.errors import BadInput, TargetUnfit

type Foreign = Callable[..., ForeignProject]
type Contain = Callable[..., Container]


def described(number: int, status: str = "running") -> Container:
    return Container.of(
        {
            "Id": f"{number:064x}",
            "Name": f"/shop_web_{number}",
            "Image": "sha256:1",
            "State": {"Status": status, "Pid": 0, "StartedAt": "2026-11-30T02:31:44.1Z"},
            "Config": {"Labels": {PROJECT: "shop", SERVICE: WEB, NUMBER: str(number)}},
            "HostConfig": {},
        }
    )


THREE = tuple(map(described, (1, 2, 3)))


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("one", [1]),
        ("all", [1, 2, 3]),
        ("50%", [1, 2]),
        ("1%", [1]),
        ("66.7%", [1, 2, 3]),
        ("100%", [1, 2, 3]),
        ("shop_web_2", [2]),
    ],
)
def test_the_words_of_an_experiment(which: str, numbers: list[int]) -> None:
    assert [each.number for each in chosen(which, THREE, WEB)] == numbers


def test_the_only_one_must_be_the_only_one() -> None:
    assert chosen("only", THREE[:1], WEB) == THREE[:1]
    with pytest.raises(TargetUnfit, match=r"web: has 3 containers: shop_web_1, shop_web_2, shop_web_3; say which"):
        chosen("only", THREE, WEB)


@pytest.mark.parametrize(
    "which",
    [
        "",
        "two",
        "ONE",
        "50",
        "50 %",
        "-5%",
        "0%",
        "0.0%",
        "100.1%",
        "1000%",
        "%",
        "nan%",
        "50%\n",
        "shop_web_4",
        "shop",
    ],
)
def test_other_words_are_refused(which: str) -> None:
    with pytest.raises(BadInput) as refused:
        chosen(which, THREE, WEB)
    assert refused.value.where == "which"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("which", ["only", "one", "all", "50%"])
def test_of_none_nobody_can_be_chosen(which: str) -> None:
    with pytest.raises(TargetUnfit, match="web: has no container that runs"):
        chosen(which, (), WEB)


def test_those_that_do_not_run_are_not_chosen_and_it_is_said_how_they_would() -> None:
    first, second = described(1, "exited"), described(2, "created")
    with pytest.raises(TargetUnfit) as refused:
        chosen("only", (first, second), WEB)
    assert str(refused.value) == "web: has no container that runs; run: docker start shop_web_1 shop_web_2"
    with pytest.raises(TargetUnfit, match=r"web: container shop_web_1 is exited; run: docker start shop_web_1$"):
        chosen("shop_web_1", (first, THREE[1]), WEB)
    with pytest.raises(TargetUnfit, match="has no container that runs; look at it: chaos-aura status"):
        chosen("only", (described(1, "restarting"),), WEB)
    assert chosen("only", (first, THREE[1]), WEB) == THREE[1:2]


@given(count=st.integers(1, 40), share=st.floats(0.01, 100).map(lambda share: round(share, 2)))
def test_a_share_is_never_less_than_was_asked_and_never_one_more(count: int, share: float) -> None:
    there = tuple(map(described, range(1, count + 1)))
    found = chosen(f"{share}%", there, WEB)
    assert found == there[: len(found)]
    assert len(found) == math.ceil(count * share / 100)
    assert found


def test_a_group_survives_being_written_down() -> None:
    for group in (Group("shop", WEB), Group(container="shop_web_1"), Group("shop", "", "shop_web_1")):
        assert Group.from_dict(group.to_dict()) == group
    assert str(Group("shop", WEB)) == "web of project shop"
    assert str(Group(container="shop_web_1")) == "container shop_web_1"


def test_a_service_is_found_with_all_its_containers_and_nobody_elses(engine: Engine, foreign: Foreign) -> None:
    ours, theirs = foreign(webs=3), foreign()
    found = ours.group(WEB).find(engine)
    assert [each.number for each in found] == [1, 2, 3]
    assert {each.project for each in found} == {ours.name}
    assert [each.project for each in theirs.group(WEB).find(engine)] == [theirs.name]
    assert Group(ours.name, "none").find(engine) == ()
    assert Group("none", WEB).find(engine) == ()
    engine.api.stop(found[1].id, timeout=0)
    assert [each.number for each in ours.group(WEB).running(engine)] == [1, 3]
    assert len(ours.group(WEB).find(engine)) == 3


@pytest.mark.parametrize("group", [Group(), Group(service=WEB), Group(project="shop")])
def test_a_name_that_is_missing_means_nobody(engine: Engine, contain: Contain, group: Group) -> None:
    """A label without a value would be everybody's."""
    contain(start=False, labels={PROJECT: "shop", SERVICE: WEB})
    assert group.find(engine) == ()


def test_what_somebody_runs_once_is_not_of_the_service(engine: Engine, foreign: Foreign) -> None:
    project = foreign()
    project.run("run", "--detach", "--no-deps", WEB, "sleep", "100")
    assert len(engine.containers({PROJECT: project.name, SERVICE: WEB})) == 2
    assert [each.name for each in project.containers(WEB)] == [project.container(WEB).name]
    assert project.ask()[0] == 200


def test_a_container_is_found_by_its_whole_name_only(engine: Engine, contain: Contain) -> None:
    there = contain(start=False)
    assert Group(container=there.name).find(engine) == (there,)
    assert Group(container=there.id).find(engine) == (there,)
    for other in (there.id[:12], there.id[:4], there.name[:-1], f"/{there.name}x", "there-is-none"):
        assert Group(container=other).find(engine) == (), other


def test_a_container_of_another_project_is_refused(engine: Engine, contain: Contain) -> None:
    theirs = contain(start=False, labels={PROJECT: "theirs", SERVICE: WEB})
    alone = contain(start=False)
    for name, of in ((theirs.name, "is of project theirs, not of shop"), (alone.name, "is of no project, not of shop")):
        with pytest.raises(TargetUnfit, match=of):
            Group("shop", "", name).find(engine)
    assert Group("theirs", "", theirs.name).find(engine) == (theirs,)


def test_whoever_took_its_place_is_its_successor(engine: Engine, foreign: Foreign) -> None:
    project = foreign(webs=2)
    group = project.group(WEB)
    first, second = group.find(engine)

    def successor(of: Container) -> Container | None:
        return group.successor(engine, of.id, of.name, of.number)

    assert successor(first) == first
    engine.api.restart(first.id, timeout=0)
    again = successor(first)
    assert again
    assert (again.id, again.life == first.life) == (first.id, False)
    project.up("--force-recreate", "--no-deps", f"--scale={WEB}=2", WEB)
    for former in (first, second):
        now = successor(former)
        assert now
        assert now.id != former.id
        assert now.number == former.number
    engine.api.remove_container(second.name, force=True)
    assert successor(second) is None
    project.run("rm", "--stop", "--force", WEB)
    assert successor(first) is None
    assert project.group(REDIS).running(engine)
