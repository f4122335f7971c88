"""A partition that is one-way is one-way, one with a peer spares the others, and what was refused says so."""

import ipaddress
import socket
from contextlib import closing

import pytest
from awaiting import wait_until
from docker_net_ground import (
    ON_LOOPBACK,
    NetGround,
    address_of,
    answers,
    fault,
    got_datagrams,
    on_this_machine,
    outcome_from_here,
    sends_to_us,
)

from chaos_aura.containers.container import Container
from chaos_aura.containers.namespace import namespace_of
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Undo

_ARRIVES_WITHIN_S = 10
_SILENT_S = 1.5
# Of a connection to it, and of one from it.
_OUTCOMES = {
    "to_service": ("refused", "silent"),
    "from_service": ("silent", "refused"),
    "both": ("refused", "refused"),
}
_OWN_ADDRESS = "import socket; socket.create_connection((socket.gethostname(), 8000), 1).close()"


def sends_to(container: Container) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.sendto(b"hello", (address_of(container), 9000))


def await_datagrams(container: Container, count: int) -> None:
    what = f"{count} datagrams in {container.name}"
    wait_until(lambda: got_datagrams(container) == count, _ARRIVES_WITHIN_S, what)


def test_what_comes_in_is_cut_and_what_goes_out_is_not(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web", direction="to_service")
    undo = case.injected()
    with case.healing_what_fails(undo):
        sends_to(web)
        assert sends_to_us(web)
        assert got_datagrams(web) == 0
        case.healed(undo)
    assert answers(web)
    sends_to(web)
    await_datagrams(web, 1)


def test_what_goes_out_is_cut_and_what_comes_in_is_not(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web", direction="from_service")
    undo = case.injected()
    with case.healing_what_fails(undo):
        sends_to(web)
        assert not sends_to_us(web)
        await_datagrams(web, 1)
        case.healed(undo)
    assert sends_to_us(web)


def test_inside_it_still_finds_itself(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert net.inside(web, ON_LOOPBACK)
        assert net.inside(web, _OWN_ADDRESS)
        assert net.resolves(web, "web")
        case.healed(undo)


def test_an_open_connection_is_silent_and_goes_on(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web")
    with socket.create_connection((address_of(web), 8000), 5) as client:
        undo = case.injected()
        with case.healing_what_fails(undo):
            client.sendall(b"GET /5 HTTP/1.0\r\n\r\n")
            client.settimeout(_SILENT_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
            case.healed(undo)
        client.settimeout(20)
        assert client.recv(100)


def test_a_refused_one_ends_connections_and_accepts_none(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web", how="refused")
    with socket.create_connection((address_of(web), 8000), 5) as client:
        undo = case.injected()
        with case.healing_what_fails(undo):
            client.settimeout(2)
            client.sendall(b"GET /5 HTTP/1.0\r\n\r\n")
            with pytest.raises(ConnectionError):
                client.recv(1)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address_of(web), 8000), 2)
            case.healed(undo)


@pytest.mark.parametrize("direction", _OUTCOMES)
@pytest.mark.parametrize("peer", ["*", "cache"])
def test_who_begins_the_way_that_is_refused_is_told(
    net: NetGround, front: str, web: Container, peer: str, direction: str
) -> None:
    """Who begins the other way hears nothing: only answers to him are refused."""
    into, out_of = _OUTCOMES[direction]
    cache, other = net.start("cache", front), net.start("other", front)
    case = net.case("partition", "web", how="refused", direction=direction, peer=peer)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert net.outcome(cache, web) == into
        assert net.outcome(web, cache) == out_of
        if peer == "cache":
            into = out_of = "connected"
        assert net.outcome(other, web) == into
        assert net.outcome(web, other) == out_of
        assert outcome_from_here(web) == into
        case.healed(undo)
    assert net.outcome(cache, web) == net.outcome(web, cache) == "connected"


@pytest.mark.parametrize("direction", ["to_service", "from_service"])
def test_a_peer_is_cut_off_one_way(net: NetGround, front: str, web: Container, direction: str) -> None:
    cache = net.start("cache", front)
    case = net.case("partition", "web", direction=direction, peer="cache")
    sender, receiver = (cache, web) if direction == "to_service" else (web, cache)
    undo = case.injected()
    with case.healing_what_fails(undo):
        net.sends(sender, receiver)
        assert net.sends(receiver, sender)
        await_datagrams(sender, 1)
        assert got_datagrams(receiver) == 0
        assert answers(web)
        case.healed(undo)
    assert net.sends(sender, receiver)
    await_datagrams(receiver, 1)


def test_a_peer_is_cut_off_and_others_are_not(net: NetGround, front: str, web: Container) -> None:
    cache, other = net.start("cache", front), net.start("other", front)
    case = net.case("partition", "web", peer="cache")
    undo = case.injected()
    with case.healing_what_fails(undo):
        proof = case.injector.in_force(undo)
        assert f"from {cache.name} to {address_of(web)} did not arrive" in proof.seen
        assert not net.connects(cache, web)
        assert not net.connects(web, cache)
        assert net.connects(other, web)
        assert net.connects(web, other)
        assert answers(web)
        case.healed(undo)
    assert net.connects(cache, web)


def test_a_peer_is_met_in_the_network_that_both_are_in(net: NetGround, front: str) -> None:
    web, cache = net.start("web", front), net.start("cache", net.network("back"))
    net.engine.api.connect_container_to_network(web.id, f"{net.project}-back")
    case = net.case("partition", "web", peer="cache")
    web = net.engine.inspect(web.id)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert not net.connects(web, cache)
        assert answers(web)
        case.healed(undo)
    assert net.connects(web, cache)


@pytest.mark.parametrize(("peer", "why"), [("nobody", "has no container"), ("far", "shares no network")])
def test_a_peer_that_is_not_there_is_refused(net: NetGround, web: Container, peer: str, why: str) -> None:
    net.start("far", net.network("back"))
    capability = net.injector().can(fault("partition", "web", peer=peer), net.service("web"))
    assert not capability
    assert why in capability.why


def test_a_peer_that_moved_away_is_no_longer_cut_off(net: NetGround, front: str, web: Container) -> None:
    """Its new address is in no rule, and that is said."""
    cache = net.start("cache", front)
    case = net.case("partition", "web", peer="cache")
    undo = case.injected()
    with case.healing_what_fails(undo):
        net.engine.api.disconnect_container_from_network(cache.id, front)
        net.start("taken", front)  # its address
        net.engine.api.connect_container_to_network(cache.id, front)
        assert not case.injector.in_force(undo)
        assert "cache" in case.injector.in_force(undo).seen
        case.healed(undo)


@pytest.mark.parametrize(("kind", "parameters"), [("partition", {}), ("packet_loss", {"percent": 50})])
def test_a_peer_that_came_later_is_not_hurt_and_that_is_said(
    net: NetGround, front: str, web: Container, kind: str, parameters: dict[str, int]
) -> None:
    net.start("cache", front)
    case = net.case(kind, "web", peer="cache", **parameters)
    undo = case.injected()
    with case.healing_what_fails(undo):
        second = net.start("cache", front, number=2)
        assert net.connects(web, second)
        proof = case.injector.in_force(undo)
        assert not proof
        assert f"{second.name} ({address_of(second)}) came since it was prepared" in proof.seen
        net.remove(second.name)
        assert case.injector.in_force(undo)
        case.healed(undo)


def test_the_second_version_of_ip_is_cut_too(net: NetGround) -> None:
    subnet = ipaddress.IPv6Network((0xFD00 << 112 | int(net.mark[-6:], 16) << 64, 64))
    pools = {"Driver": "default", "Config": [{"Subnet": str(subnet)}]}
    front = net.network("six", enable_ipv6=True, ipam=pools)
    web = net.start("web", front)
    six = web.document["NetworkSettings"]["Networks"][front]["GlobalIPv6Address"]
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert "ip6tables" in undo.touches[0]
        assert f"a datagram from this machine to {six} did not arrive" in case.injector.in_force(undo).seen
        case.healed(undo)


@pytest.fixture
def host(net: NetGround) -> Container:
    """Service `host`, in the network of this machine."""
    api, name = net.engine.api, f"{net.project}-host-1"
    labels = {"chaos-aura.test": net.mark, "com.docker.compose.project": net.project}
    labels["com.docker.compose.service"] = "host"
    api.create_container(
        net.image,
        command=["sleep", "60"],
        name=name,
        labels=labels,
        host_config=api.create_host_config(network_mode="host"),
    )
    api.start(name)
    return net.engine.inspect(name)


def test_one_in_the_network_of_the_machine_is_refused(net: NetGround, host: Container) -> None:
    for kind in ("partition", "packet_loss", "throttle", "dns_failure"):
        capability = net.injector().can(fault(kind, host.service), net.service(host.service))
        assert not capability
        assert "shares the network" in capability.why


def test_an_undo_that_means_the_network_of_the_machine_is_refused(
    net: NetGround, front: str, web: Container, host: Container
) -> None:
    """Whoever has written it. The peer keeps this machine from being cut off, should that fail."""
    net.start("cache", front)
    case = net.case("partition", web.service, peer="cache")
    undo = case.prepared()
    rows = [{**row, "container": host.id, "name": host.name, "life": host.life} for row in undo.data["spots"]]
    aimed = Undo({**undo.data, "spots": rows})
    for do in (case.injector.inject, case.injector.heal, case.injector.in_force):
        with pytest.raises(TargetUnfit, match="shares the network of its machine"):
            do(aimed)


def test_the_network_of_the_machine_is_not_entered_as_one_of_a_container(host: Container) -> None:
    """Also where its engine does not say that it is that."""
    with pytest.raises(TargetUnfit, match="shares the network of this machine"), namespace_of(host):
        pass


def test_who_shares_its_network_is_named(net: NetGround, web: Container) -> None:
    api, name = net.engine.api, f"{net.project}-beside"
    api.create_container(
        net.image,
        command=["sleep", "60"],
        name=name,
        labels={"chaos-aura.test": net.mark},
        host_config=api.create_host_config(network_mode=f"container:{web.id}"),
    )
    api.start(name)
    undo = net.case("partition", "web").prepared()
    assert any(name in words for words in undo.touches)


def test_one_that_does_not_run_is_refused(net: NetGround, web: Container) -> None:
    net.engine.api.stop(web.id, timeout=1)
    capability = net.injector().can(fault("partition", "web"), net.service("web"))
    assert not capability
    assert "has no container that runs" in capability.why


def test_one_that_fails_does_not_keep_the_others_from_being_healed(net: NetGround, front: str) -> None:
    first, second = net.start("web", front), net.start("web", front, number=2)
    case = net.case("partition", "web", which="all")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert not answers(first)
        assert not answers(second)
        rows = [dict(row) for row in undo.data["spots"]]
        rows[0]["mechanism"] = {**rows[0]["mechanism"], "rules": [["INPUT", "", "DROP", "no-such-program"]]}
        with pytest.raises(ChaosAuraError, match=f"container {first.name}: not healed"):
            case.injector.heal(type(undo)({**undo.data, "spots": rows}))
        assert not answers(first)
        assert answers(second)
        case.healed(undo)


def test_by_hand_it_is_healed_as_well(net: NetGround, web: Container) -> None:
    case = net.case("partition", "web", how="refused")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert on_this_machine(undo.by_hand)
        case.await_gone(undo)
