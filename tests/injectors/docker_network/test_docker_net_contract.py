"""Each fault in a container's own network passes what every injector must, each direction of it."""

from collections.abc import Callable
from typing import Any

import pytest
from docker_net_ground import NetGround, answers, echoed, quickest_s

from chaos_aura.containers.container import Container
from chaos_aura.faults.contract import Case, InjectorContract

Witness = Callable[[NetGround, Container], bool]
_SIZE, _SLOW_S = 100_000, 0.5  # at 100 kB a second it takes twice as long, else hardly any time


def is_cut(net: NetGround, web: Container) -> bool:
    del net
    return not answers(web)


def loses(net: NetGround, web: Container) -> bool:
    del net
    return echoed(web, 60) < 50


def is_slow_out(net: NetGround, web: Container) -> bool:
    del net
    return quickest_s(web, _SLOW_S, size=_SIZE) > _SLOW_S


def is_slow_in(net: NetGround, web: Container) -> bool:
    del net
    return quickest_s(web, _SLOW_S, sent=_SIZE) > _SLOW_S


def finds_nobody(net: NetGround, web: Container) -> bool:
    return not net.resolves(web, "web")


CASES: dict[str, tuple[str, dict[str, Any], Witness]] = {
    "both ways": ("partition", {}, is_cut),
    "to it": ("partition", {"direction": "to_service"}, is_cut),
    "from it": ("partition", {"direction": "from_service"}, is_cut),
    "refused both ways": ("partition", {"how": "refused"}, is_cut),
    "refused to it": ("partition", {"how": "refused", "direction": "to_service"}, is_cut),
    "refused from it": ("partition", {"how": "refused", "direction": "from_service"}, is_cut),
    "half is lost": ("packet_loss", {"percent": 50}, loses),
    "slow answers": ("throttle", {"rate_kbps": 100}, is_slow_out),
    "slow questions": ("throttle", {"rate_kbps": 100, "direction": "to_service"}, is_slow_in),
    "no names": ("dns_failure", {}, finds_nobody),
}


class TestDockerNetwork(InjectorContract):
    @pytest.fixture(params=CASES)
    def case(self, request: pytest.FixtureRequest, net: NetGround, web: Container) -> Case:
        kind, parameters, witness = CASES[request.param]
        return net.case(kind, "web", lambda: hurts(net, web.name, witness), **parameters)


def hurts(net: NetGround, name: str, witness: Witness) -> bool:
    """Whoever is called so now; one that is away is not hurt by this fault."""
    now = net.engine.find(name)
    return now is not None and now.is_running and witness(net, now)
