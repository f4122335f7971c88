"""An edge leads to all containers of a service, from one client: what means less than that is refused."""

from typing import Any

import pytest

from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import KINDS
from injectors.toxiproxy.aim import can_be_aimed


def aimed(kind: str, **parameters: Any) -> Fault:
    return Fault(kind, "worker.redis", KINDS[kind].read(parameters), 60)


@pytest.mark.parametrize("which", ["only", "all"])
@pytest.mark.parametrize("kind", ["latency", "throttle", "partition", "reset"])
def test_all_of_a_service_is_what_an_edge_is_about(kind: str, which: str) -> None:
    parameters = {"which": which} if any(each.name == "which" for each in KINDS[kind].parameters) else {}
    assert can_be_aimed(aimed(kind, **parameters))


@pytest.mark.parametrize("which", ["one", "50%", "shop-redis-2"])
def test_a_part_of_it_is_refused(which: str) -> None:
    refused = can_be_aimed(aimed("latency", which=which))
    assert not refused
    assert which in refused.why
    assert "which=all" in refused.remedy


def test_a_peer_is_refused() -> None:
    refused = can_be_aimed(aimed("partition", peer="api"))
    assert not refused
    assert "api" in refused.why
    assert "peer=*" in refused.remedy
