"""Queues at a container's interfaces: the pace they keep, whose they are, and that one half made is healed whole."""

import json

import pytest
from docker_net_ground import NetGround, answers, fault, in_network_of, quickest_s

from chaos_aura.containers.container import Container
from chaos_aura.containers.namespace import Namespace, empty_namespace, namespace_of
from injectors.docker.network.both_ways import BothWays
from injectors.docker.network.queues import Queues

# A loaded machine is slow by itself: what is told from a pace there says nothing of a queue.
pytestmark = pytest.mark.alone

BUCKET = ("tbf", "rate", "800000bit", "burst", "2000", "limit", "65536")
_SLOW_S = 0.25
_LEAST_S, _MOST_S = 0.4, 1.5  # 60 kB at 100 kB a second


def queues_of(container: Container) -> list[str]:
    rows = json.loads(in_network_of(container, "tc -j qdisc show"))
    return [f"{row['kind']} {row['handle']} {row['dev']}" for row in rows if row["kind"] != "noqueue"]


def links_of(container: Container) -> list[str]:
    return [row["ifname"] for row in json.loads(in_network_of(container, "ip -j link show"))]


def test_one_way_is_slow_and_the_other_is_not(net: NetGround, web: Container) -> None:
    case = net.case("throttle", "web", rate_kbps=100, direction="from_service")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert quickest_s(web, _SLOW_S, sent=60_000) < _SLOW_S
        assert _LEAST_S < quickest_s(web, _MOST_S, size=60_000) < _MOST_S
        case.healed(undo)
    assert quickest_s(web, _SLOW_S, size=60_000) < _SLOW_S


def test_the_other_way_as_well(net: NetGround, web: Container) -> None:
    case = net.case("throttle", "web", rate_kbps=100, direction="to_service")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert quickest_s(web, _SLOW_S, size=60_000) < _SLOW_S
        assert _LEAST_S < quickest_s(web, _MOST_S, sent=60_000) < _MOST_S
        case.healed(undo)
    assert quickest_s(web, _SLOW_S, sent=60_000) < _SLOW_S


@pytest.mark.parametrize("rate_kbps", [1, 10, 1000])
@pytest.mark.parametrize("direction", ["to_service", "from_service"])
def test_other_paces_are_shown(net: NetGround, web: Container, direction: str, rate_kbps: int) -> None:
    case = net.case("throttle", "web", rate_kbps=rate_kbps, direction=direction)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert f"{rate_kbps} kB a second" in undo.touches[0]
        assert "only read back" not in undo.touches[0]
        case.healed(undo)


def test_one_too_quick_to_be_shown_says_so(net: NetGround, web: Container) -> None:
    case = net.case("throttle", "web", rate_kbps=1_000_000)
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert "only read back" in undo.touches[0]
        assert "tbf" in case.injector.in_force(undo).seen
        case.healed(undo)


def test_both_ways_are_two_faults_that_end_one_by_one(net: NetGround, web: Container) -> None:
    out, into = (net.case("throttle", "web", direction=way) for way in ("from_service", "to_service"))
    first, second = out.injected(), into.injected()
    out.healed(first)
    assert into.injector.in_force(second)
    into.healed(second)
    assert queues_of(web) == []
    assert links_of(web) == ["lo", "eth0"]


@pytest.mark.parametrize(
    ("direction", "foreign"),
    [
        ("from_service", "tc qdisc add dev eth0 root handle 7: tbf rate 900mbit burst 200000 limit 900000"),
        ("to_service", "tc qdisc add dev eth0 handle ffff: ingress"),
        ("to_service", "tc qdisc add dev eth0 clsact"),
    ],
)
def test_a_queue_of_somebody_else_is_refused_and_stays(
    net: NetGround, web: Container, direction: str, foreign: str
) -> None:
    in_network_of(web, foreign)
    before = queues_of(web)
    capability = net.injector().can(fault("throttle", "web", direction=direction), net.service("web"))
    assert not capability
    assert "somebody else" in capability.why
    assert queues_of(web) == before != []


def test_one_that_took_its_place_stays(net: NetGround, web: Container) -> None:
    case = net.case("throttle", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        in_network_of(web, "tc qdisc del dev eth0 root")
        in_network_of(web, "tc qdisc add dev eth0 root handle 7: tbf rate 900mbit burst 200000 limit 900000")
        assert not case.injector.in_force(undo)
        case.healed(undo)
    assert queues_of(web) == ["tbf 7: eth0"]


def test_a_filter_of_somebody_else_stays_with_what_it_needs(net: NetGround, web: Container) -> None:
    case = net.case("throttle", "web", direction="to_service")
    undo = case.injected()
    with case.healing_what_fails(undo):
        in_network_of(web, "ip link add foreign type ifb")
        leading = "u32 match ip dport 7 0xffff action mirred egress redirect dev foreign"
        in_network_of(web, f"tc filter add dev eth0 parent ffff: protocol ip pref 5 {leading}")
        case.healed(undo)
    assert "ingress ffff: eth0" in queues_of(web)
    assert "foreign" in in_network_of(web, "tc filter show dev eth0 parent ffff:")
    assert answers(web)


@pytest.fixture
def inside(web: Container) -> Namespace:
    with namespace_of(web) as namespace:
        yield namespace


@pytest.mark.parametrize("done", range(6))
def test_one_half_made_is_healed_whole(inside: Namespace, web: Container, done: int) -> None:
    """As far as a controller came that was killed in the middle."""
    queues = Queues("01K9XM3Q7V4T8ZB2RD", "to_service", ("eth0",), BUCKET)
    queues.apply(Counted(inside, done))
    assert bool(queues.left(inside)) == (done > 0)
    assert (queues.missing(inside) == "") == (done > 4)
    queues.remove(inside)
    assert queues.left(inside) == ""
    assert queues_of(web) == []
    assert links_of(web) == ["lo", "eth0"]
    assert answers(web)


class Counted:
    """Ends to obey after so many changes, which is all that a killed process does."""

    def __init__(self, inside: Namespace, changes: int) -> None:
        self._inside, self._left = inside, changes

    def run(self, argv: list[str], given: str = "") -> object:
        if "show" not in argv:
            self._left -= 1
        return self._inside.run(argv if self._left >= 0 else ["true"], given)


def test_both_ways_at_once(inside: Namespace, web: Container) -> None:
    """What netem does to what comes in and to what goes out, with a queue that this kernel has."""
    both = BothWays(
        tuple(Queues("01K9XM3Q7V4T8ZB2RD", way, ("eth0",), BUCKET) for way in ("to_service", "from_service"))
    )
    with empty_namespace() as empty:
        both.try_in(empty)
    both.apply(inside)
    both.apply(inside)
    assert both.missing(inside) == ""
    assert both.others(inside) == "other queues: ingress on eth0"
    assert BothWays.from_dict(json.loads(json.dumps(both.to_dict()))) == both
    assert _LEAST_S < quickest_s(web, _MOST_S, size=60_000) < _MOST_S
    assert _LEAST_S < quickest_s(web, _MOST_S, sent=60_000) < _MOST_S
    both.remove(inside)
    assert both.left(inside) == ""
    assert queues_of(web) == []


def test_an_interface_that_came_later_is_not_slow(net: NetGround, web: Container) -> None:
    """It has no queue of ours, and that is said."""
    case = net.case("throttle", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        net.engine.api.connect_container_to_network(web.id, net.network("back"))
        proof = case.injector.in_force(undo)
        assert not proof
        assert "eth1 has come since" in proof.seen
        case.healed(undo)
