"""Packets lost as many as asked for, names not found, delays where the kernel has them: and said where it has not."""

import subprocess
from typing import Any

import pytest
from docker_net_ground import NetGround, address_of, echoed, in_network_of, quickest_s

from chaos_aura.containers.container import Container
from chaos_aura.faults.not_tried import say_not_tried
from injectors.docker.network.netem import netem_delay, netem_loss

_IN_A_NEW_NETWORK = ("unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root")
_KERNEL_REFUSES = 2  # as tc tells it
_LATE_S = 0.12
_HOSTS = "import socket; socket.getaddrinfo(socket.gethostname(), 80)"


def kernel_takes(*discipline: str) -> bool:
    """`tc` itself must understand it."""
    done = subprocess.run([*_IN_A_NEW_NETWORK, *discipline], capture_output=True, text=True, check=False)
    assert done.returncode in (0, _KERNEL_REFUSES), done.stderr
    return done.returncode == 0


@pytest.fixture
def has_netem(net: NetGround) -> bool:
    """The kernel, whatever we think of it."""
    del net  # it tells what is missing to look
    return kernel_takes("netem", "delay", "1ms")


@pytest.mark.parametrize("discipline", [netem_delay(120, 0), netem_delay(0.5, 10), netem_loss(0.5), netem_loss(100)])
def test_what_netem_is_told_is_understood(has_netem: bool, discipline: tuple[str, ...]) -> None:
    """Also where the kernel refuses it."""
    assert kernel_takes(*discipline) == has_netem


@pytest.mark.parametrize(("percent", "most", "least"), [(20, 155, 95), (100, 0, 0)])
def test_as_many_are_lost_as_asked_for(net: NetGround, web: Container, percent: int, most: int, least: int) -> None:
    """There and back: of 200 with 20 % each way 128 should come back."""
    case = net.case("packet_loss", "web", percent=percent)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert least <= echoed(web, 200) <= most
        assert f"{percent}% of packets lost each way" in undo.touches[0]
        case.healed(undo)
    assert echoed(web, 50) == 50


def test_a_few_are_lost_too(net: NetGround, web: Container) -> None:
    case = net.case("packet_loss", "web", percent=0.5)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert "of 4000 datagrams" in case.injector.in_force(undo).seen
        case.healed(undo)


def test_it_says_by_what(net: NetGround, web: Container, has_netem: bool) -> None:
    case = net.case("packet_loss", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        by = "netem" if has_netem else "iptables"
        assert by in undo.touches[0]
        assert by in case.injector.in_force(undo).seen
        case.healed(undo)


def test_what_a_peer_sends_is_lost_and_what_others_send_is_not(net: NetGround, front: str, web: Container) -> None:
    cache = net.start("cache", front)
    case = net.case("packet_loss", "web", percent=100, peer="cache")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert not net.connects(cache, web)
        assert echoed(web, 50) == 50
        case.healed(undo)
    assert net.connects(cache, web)


def test_a_weaker_loss_than_asked_for_is_not_in_force(net: NetGround, web: Container) -> None:
    case = net.case("packet_loss", "web", percent=40)
    undo = case.injected()
    with case.healing_what_fails(undo):
        rule = in_network_of(web, "iptables -S INPUT").splitlines()[-1].removeprefix("-A INPUT ")
        words = rule.replace('"', "").split()
        words[words.index("--probability") + 1] = "0.01"
        in_network_of(web, f"iptables -R INPUT 1 {' '.join(words)}")
        proof = case.injector.in_force(undo)
        assert not proof
        assert f"from this machine to {address_of(web)} lost" in proof.seen
        case.healed(undo)


def test_no_name_is_found_and_addresses_are(net: NetGround, front: str, web: Container) -> None:
    other = net.start("other", front)
    case = net.case("dns_failure", "web")
    assert net.resolves(web, "other")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert not net.resolves(web, "other")
        assert net.connects(web, other)
        assert net.connects(other, web)
        assert net.resolves(other, "web")
        assert net.inside(web, _HOSTS)
        case.healed(undo)
    assert net.resolves(web, "other")


def test_in_the_default_network_name_servers_are_not_asked(net: NetGround) -> None:
    net.start("web", "bridge")
    case = net.case("dns_failure", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert "strangers, who are not asked" in undo.touches[0]
        case.healed(undo)


@pytest.mark.parametrize("direction", ["to_service", "from_service"])
def test_latency_is_refused_where_the_kernel_has_no_netem(
    net: NetGround, web: Container, has_netem: bool, direction: str, request: Any
) -> None:
    if has_netem:
        say_not_tried("this kernel has netem", request)
        return
    case = net.case("latency", "web", direction=direction)
    capability = case.injector.can(case.fault, case.target)
    assert not capability
    assert "netem" in capability.why
    assert "edge" in capability.remedy


@pytest.mark.parametrize("direction", ["to_service", "from_service"])
def test_packets_are_late_where_the_kernel_has_netem(
    net: NetGround, web: Container, has_netem: bool, direction: str, request: Any
) -> None:
    if not has_netem:
        say_not_tried("this kernel has no netem: modprobe sch_netem", request)
        return
    case = net.case("latency", "web", latency_ms=120, direction=direction)
    assert case.injector.can(case.fault, case.target)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert _LATE_S <= quickest_s(web, _LATE_S) < float("inf")
        case.healed(undo)
    assert quickest_s(web, _LATE_S) < _LATE_S
