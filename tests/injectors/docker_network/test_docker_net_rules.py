"""Rules in a container's network: all of ours come and go at once, and nobody else's is ever touched."""

import fcntl
import time
from pathlib import Path

import pytest
from docker_net_ground import NetGround, answers, in_network_of, on_this_machine

from chaos_aura.containers.container import Container
from chaos_aura.containers.namespace import Namespace, empty_namespace, namespace_of
from chaos_aura.core.errors import TargetUnfit
from injectors.docker import DockerInjector
from injectors.docker.network.rules import Rule, Rules

_TRIES = 3
DROP = Rule("INPUT", "! -i lo", "DROP")
FOREIGN = ("-A INPUT -p tcp -m tcp --dport 7 -m comment --comment mine -j DROP", "-A OUTPUT -p tcp --dport 7 -j REJECT")


def filter_of(container: Container) -> list[str]:
    return [line for line in in_network_of(container, "iptables -S").splitlines() if line.startswith("-A")]


def names_of(container: Container) -> list[str]:
    saved = in_network_of(container, "iptables-save -t nat").splitlines()
    return [line for line in saved if line.startswith("-A")]


@pytest.mark.parametrize("kind", ["partition", "packet_loss", "dns_failure"])
def test_rules_of_others_stay_as_they_are(net: NetGround, web: Container, kind: str) -> None:
    for rule in FOREIGN:
        in_network_of(web, f"iptables {rule}")
    before, names = filter_of(web), names_of(web)
    case = net.case(kind, "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert filter_of(web) != before
        assert [rule for rule in filter_of(web) if "chaos-aura:" not in rule] == before
        case.healed(undo)
    assert filter_of(web) == before
    assert names_of(web) == names


def test_a_rule_of_another_lease_stays(net: NetGround, web: Container) -> None:
    first, second = net.case("partition", "web"), net.case("dns_failure", "web")
    cut, mute = first.injected(), second.injected()
    first.healed(cut)
    first.await_gone(cut)
    assert second.injector.in_force(mute)
    second.healed(mute)
    assert filter_of(web) == []


def test_one_that_only_looks_like_ours_is_not_ours() -> None:
    with empty_namespace() as empty:
        longer, shorter = Rules("01JAB", (DROP,)), Rules("01JA", (DROP,))
        longer.apply(empty)
        assert shorter.left(empty) == ""
        shorter.remove(empty)
        assert longer.missing(empty) == ""


def test_asked_for_twice_it_is_done_once() -> None:
    with empty_namespace() as empty:
        rules = Rules("01JAB", (DROP, Rule("OUTPUT", "! -o lo", "DROP")))
        rules.apply(empty)
        rules.apply(empty)
        assert len([line for line in empty.run(("iptables", "-S")).said.splitlines() if line.startswith("-A")]) == 2


def test_one_that_cannot_be_made_leaves_none() -> None:
    """Not even those before it."""
    with empty_namespace() as empty:
        rules = Rules("01JAB", (DROP, Rule("INPUT", "-m statistic --mode never", "DROP")))
        with pytest.raises(TargetUnfit, match="refused"):
            rules.apply(empty)
        assert rules.left(empty) == ""


def test_they_wait_for_their_turn_for_less_time_than_they_may_come_late(
    legacy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked for them may be dead by then."""
    lock = legacy / "lock"
    monkeypatch.setenv("XTABLES_LOCKFILE", str(lock))
    rules = Rules("01JAB", (Rule("INPUT", "! -i lo", "DROP", str(legacy / "iptables")),))

    def waited_s(empty: Namespace) -> float:
        began_s = time.monotonic()
        with pytest.raises(TargetUnfit, match="lock"):
            rules.apply(empty)
        return time.monotonic() - began_s

    with empty_namespace() as empty, lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert any(waited_s(empty) < DockerInjector.settle_s for _ in range(_TRIES))
        fcntl.flock(held, fcntl.LOCK_UN)
        rules.apply(empty)
        assert rules.missing(empty) == ""


def test_they_are_asked_in_the_order_in_which_they_are_told() -> None:
    with empty_namespace() as empty:
        Rules("01JAB", (Rule("INPUT", "-p udp", "ACCEPT"), DROP)).apply(empty)
        lines = [line for line in empty.run(("iptables", "-S")).said.splitlines() if line.startswith("-A")]
        assert [line.split()[-1] for line in lines] == ["ACCEPT", "DROP"]


def test_one_that_somebody_removed_is_missed(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        in_network_of(web, "iptables -D OUTPUT 1")
        proof = case.injector.in_force(undo)
        assert not proof
        assert "OUTPUT DROP of iptables not there" in proof.seen
        case.healed(undo)


def test_what_somebody_else_lets_through_first_is_noticed(net: NetGround, web: Container) -> None:
    """Rules alone prove nothing."""
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        in_network_of(web, "iptables -I INPUT 1 -j ACCEPT")
        proof = case.injector.in_force(undo)
        assert not proof
        assert "arrived after" in proof.seen
        in_network_of(web, "iptables -D INPUT 1")
        case.healed(undo)


def test_what_else_keeps_it_silent_is_told_when_ours_is_gone(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        in_network_of(web, "iptables -A INPUT -p udp -m comment --comment foreign -j DROP")
        proof = case.healed(undo)
        assert "other rules" in proof.seen
        assert "foreign" in proof.seen


def test_what_was_cut_before_is_not_said_to_be_shown(net: NetGround, web: Container) -> None:
    in_network_of(web, "iptables -A INPUT -p udp -j DROP")
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert "before it already" in case.injector.in_force(undo).seen
        case.healed(undo)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("partition", {}),
        ("packet_loss", {}),
        ("packet_loss", {"peer": "cache"}),
        ("dns_failure", {}),
        ("throttle", {"direction": "to_service"}),
        ("throttle", {"direction": "from_service"}),
    ],
)
def test_by_hand_it_is_healed_as_well(
    net: NetGround, front: str, web: Container, kind: str, parameters: dict[str, str]
) -> None:
    if "peer" in parameters:
        net.start(parameters["peer"], front)
    case = net.case(kind, "web", **parameters)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert on_this_machine(undo.by_hand)
        case.await_gone(undo)
        case.healed(undo)


def test_a_frozen_one_is_cut_and_healed(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web")
    net.engine.api.pause(web.id)
    try:
        undo = case.injected()
        case.healed(undo)
    finally:
        net.engine.api.unpause(web.id)
    assert answers(web)


def test_a_network_outlives_who_looked_at_it(net: NetGround, web: Container) -> None:
    """Held by its descriptor, it is never another one's, whatever becomes of the container."""
    with namespace_of(web) as namespace:
        net.remove(web.name)
        assert namespace.run(("ip", "-br", "link")).code == 0
    with pytest.raises(TargetUnfit, match="no process"), namespace_of(web):
        pass
