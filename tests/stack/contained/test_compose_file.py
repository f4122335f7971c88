"""docker-compose.chaos.yml: what the tables of the stack say, and what it must never say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos_aura.stack.build import port_names
from chaos_aura.stack.docker.compose_file import NAME, compose_file
from chaos_aura.stack.docker.wiring import SERVICES, client_of, default_ports, variable
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.services.site import owner_of

_FILE = Path(__file__).resolve().parents[3] / NAME


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def test_it_is_what_the_tables_say() -> None:
    assert _FILE.read_text(encoding="utf-8") == compose_file(), "run: .venv/bin/python scripts/make_compose.py"


def test_it_has_every_service(document: dict[str, Any]) -> None:
    assert tuple(document["services"]) == SERVICES


@pytest.mark.parametrize(("client", "service"), EDGES)
def test_no_client_has_a_way_round_the_proxies(document: dict[str, Any], client: str, service: str) -> None:
    into = set(document["services"][service]["networks"])
    through = set(document["services"]["toxiproxy"]["networks"])
    assert into & through, f"{service} cannot be reached through the proxies"
    for name in SERVICES:
        if name not in ("toxiproxy", service) and client_of(name) == client:
            mine = set(document["services"][name]["networks"])
            assert mine & through
            assert not mine & into, f"{name} could go round edge {client}.{service}"


def test_ports_are_published_on_loopback_only(document: dict[str, Any]) -> None:
    published = [port for service in document["services"].values() for port in service["ports"]]
    assert len(published) == len(port_names()) - 1  # nobody outside needs Kafka's controller
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_confined(document: dict[str, Any], name: str) -> None:
    service = document["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"].endswith(":-10001:10001}")
    assert "privileged" not in service
    assert not any("docker.sock" in volume for volume in service["volumes"])
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][-2] == name


def test_each_port_is_told_to_all(document: dict[str, Any]) -> None:
    for service in document["services"].values():
        assert {variable(name) for name in port_names()} <= set(service["environment"])


def test_ports_by_default_are_of_one_owner_each_and_below_those_of_clients() -> None:
    ports = default_ports()
    assert len(set(ports.values())) == len(ports)
    assert all(owner_of(name) in SERVICES for name in ports)
    lowest_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    assert max(ports.values()) < min(lowest_of_clients, 32_768)
