"""Who is not root beside the engine goes in by a helper that shares the network, or takes the container out of it."""

import io
import ipaddress
import tarfile
from dataclasses import replace

import pytest
from awaiting import wait_until
from docker_net_ground import (
    ON_LOOPBACK,
    NetGround,
    address_of,
    answers,
    fault,
    in_network_of,
    on_this_machine,
    quickest_s,
)

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import IMAGE
from chaos_aura.containers.tool_container import LABEL
from chaos_aura.faults.contract import Case, InjectorContract

# Each visit of a helper is a container of its own: on a loaded machine one takes seconds.
pytestmark = pytest.mark.alone

_SLOW_S = 0.25
_ANSWERS_WITHIN_S = 3.0
_RUNS_WITHIN_S = 30


@pytest.fixture
def far_without_tools(far: NetGround) -> NetGround:
    """The only image that may be used has nothing in it."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w"):
        pass
    name = f"{far.project}-nothing"
    far.engine.api.import_image_from_data(
        empty.getvalue(), repository=name, changes=[f"LABEL chaos-aura.test={far.mark}"]
    )
    return replace(far, environ={**far.environ, IMAGE: name})


class TestByHelper(InjectorContract):
    @pytest.fixture(
        params=[("partition", {}), ("throttle", {"direction": "to_service"})], ids=["partition", "throttle"]
    )
    def case(self, request: pytest.FixtureRequest, far: NetGround, web: Container) -> Case:
        kind, parameters = request.param
        name = web.name

        def hurts() -> bool:
            now = far.engine.find(name)
            return now is not None and now.is_running and quickest_s(now, _SLOW_S, sent=60_000) > _SLOW_S

        # It is healed elsewhere by who is root there: the environment of that process is the machine's own.
        return far.case(kind, "web", hurts, **parameters)


class TestByEngine(InjectorContract):
    @pytest.fixture
    def case(self, far_without_tools: NetGround, web: Container) -> Case:
        far, name = far_without_tools, web.name

        def hurts() -> bool:
            """Who is in no network has no address to be asked at; one that is away is not hurt by this."""
            now = far.engine.find(name)
            return now is not None and now.is_running and not (any_address(now) and answers_soon(now))

        def restart() -> None:
            """Until it answers again, which only itself can ask for while it is in no network."""
            far.engine.api.restart(name, timeout=2)
            wait_until(lambda: far.inside(far.engine.inspect(name), ON_LOOPBACK), _RUNS_WITHIN_S, f"{name} runs")

        return replace(far.case("partition", "web", hurts), restart=restart, stays_when_restarted=True)


def answers_soon(container: Container) -> bool:
    return quickest_s(container, _ANSWERS_WITHIN_S) < _ANSWERS_WITHIN_S


def any_address(container: Container) -> str:
    return next((each.address for each in container.networks.values()), "")


def asked_for(container: Container, network: str) -> str:
    """The address that it must have there; empty where any will do."""
    row = container.document["NetworkSettings"]["Networks"][network]
    return str((row["IPAMConfig"] or {}).get("IPv4Address", ""))


def test_by_helper_it_is_only_read_back_and_says_so(far: NetGround, web: Container) -> None:
    case = far.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        seen = case.injector.in_force(undo).seen
        assert "read back" in seen
        assert "not on this machine" in seen
        assert not answers(web)
        case.healed(undo)
    assert answers_soon(web)


def test_a_helper_that_was_never_started_is_removed(far: NetGround, web: Container) -> None:
    case = far.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        labels = {LABEL: web.id, "chaos-aura.test": far.mark}
        made = far.engine.api.create_container(far.image, command=["true"], labels=labels)["Id"]
        case.healed(undo)
        assert far.engine.find(made) is None


def own_subnet(far: NetGround) -> ipaddress.IPv4Network:
    """One of 8192 in the range that RFC 2544 keeps for tests: others' tests run in the same engine."""
    nth = int(far.mark[-6:], 16) % 8192
    return ipaddress.IPv4Network((0xC612 << 16 | nth << 4, 28))


def test_the_engine_takes_it_out_and_puts_it_back_as_it_was(far_without_tools: NetGround) -> None:
    far = far_without_tools
    subnet = own_subnet(far)
    address = str(subnet[9])
    pools = {"Driver": "default", "Config": [{"Subnet": str(subnet)}]}
    front, back = far.network("front", ipam=pools), far.network("back")
    far.start("other", front)
    web = far.start("web", front, ipv4_address=address)
    far.engine.api.connect_container_to_network(web.id, back, aliases=["shop"])
    web = far.engine.inspect(web.id)
    case = far.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert f"disconnected from {far.project}-back, {far.project}-front" in undo.touches[0]
        assert "no rules, because" in undo.touches[0]
        assert undo.by_hand.count("--ip ") == 1
        assert far.engine.inspect(web.id).networks == {}
        case.healed(undo)
    again = far.engine.inspect(web.id)
    assert again.networks[front].address == address
    assert asked_for(again, front) == asked_for(web, front) == address
    assert asked_for(again, back) == asked_for(web, back) == ""
    assert set(again.networks[front].aliases) == set(web.networks[front].aliases)
    assert set(again.networks[back].aliases) == set(web.networks[back].aliases)
    assert again.networks.keys() == web.networks.keys()
    assert far.resolves(far.engine.inspect(f"{far.project}-other-1"), "web")


def test_what_the_engine_took_out_is_put_back_by_hand(far_without_tools: NetGround, web: Container) -> None:
    case = far_without_tools.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        assert on_this_machine(undo.by_hand)
        case.await_gone(undo)
        assert answers_soon(far_without_tools.engine.inspect(web.id))
        case.healed(undo)


def test_the_port_that_it_publishes_is_there_again(far_without_tools: NetGround, front: str) -> None:
    """At one that no other program takes meanwhile: of an address of its own, and none that the kernel hands out."""
    far = far_without_tools
    host, port = str(ipaddress.IPv4Address(0x7F << 24 | int(far.mark[-6:], 16) | 2)), 10_231
    web = far.start("web", front, ports={8000: (host, port)})
    case = far.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        case.healed(undo)
    again = far.engine.inspect(web.id)
    assert (again.published[8000].host, again.published[8000].port) == (host, port)
    assert address_of(again)


def test_one_that_would_be_found_elsewhere_afterwards_is_refused(far_without_tools: NetGround, front: str) -> None:
    far = far_without_tools
    far.start("web", front, ports={8000: ("127.0.0.1", None)})
    capability = far.injector().can(fault("partition", "web"), far.service("web"))
    assert not capability
    assert "8000/tcp" in capability.why


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("partition", {"direction": "to_service"}),
        ("partition", {"how": "refused"}),
        ("partition", {"peer": "other"}),
        ("packet_loss", {}),
        ("throttle", {}),
        ("latency", {}),
        ("dns_failure", {}),
    ],
)
def test_what_needs_rules_or_queues_is_refused_with_what_is_missing(
    far_without_tools: NetGround, front: str, web: Container, kind: str, parameters: dict[str, str]
) -> None:
    far_without_tools.start("other", front)
    capability = far_without_tools.injector().can(fault(kind, "web", **parameters), far_without_tools.service("web"))
    assert not capability
    assert "not on this machine" in capability.why
    assert "no image" in capability.why
    assert "run as root" in capability.remedy
    assert IMAGE in capability.remedy
    assert "chaos-aura" not in in_network_of(web, "iptables -S")
