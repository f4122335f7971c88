"""The text of docker-compose.chaos.yml: made from the same tables as the local stack, so that both stay the same."""

from collections.abc import Iterator
from dataclasses import dataclass

from chaos_aura.stack.docker.labels import labels_of
from chaos_aura.stack.docker.wiring import (
    SERVICES,
    all_networks,
    default_ports,
    is_by_default,
    networks_of,
    published,
    variable,
    written_by,
)

NAME = "docker-compose.chaos.yml"
_PLATFORM_MB, _PIDS = 512, 512


@dataclass(frozen=True, slots=True)
class Limits:
    memory_mb: int
    pids: int = _PIDS
    grace_s: int = 10


_LIMITS = {
    "redis": Limits(256),
    "kafka": Limits(1024, grace_s=15),
    "neo4j": Limits(1536, grace_s=20),
    "temporal": Limits(1536),
    "toxiproxy": Limits(256, grace_s=3),
}
_HEAD = """\
# The stack in containers. Made by scripts/make_compose.py: change that, not this.
#
#   docker compose -f docker-compose.chaos.yml up --detach        or docker-compose 1.29
#   chaos-aura up --stack docker                                  the same, with free ports, and waits until all is well
#
# A client and Toxiproxy share a network, so do a service and Toxiproxy: there is no way round an edge. Each port has
# the same number inside and on loopback, where alone it is published. More workers: name them, worker-2 to worker-8.
"""


def compose_file() -> str:
    lines = [_HEAD, "x-ports: &ports"]
    lines += [f"  {variable(name)}: ${{{variable(name)}:-{port}}}" for name, port in default_ports().items()]
    lines += [
        "",
        "x-member: &member",
        "  image: ${CHAOS_AURA_IMAGE:-chaos-aura}",
        "  user: ${CHAOS_AURA_USER:-10001:10001}",
        "  read_only: true",
        "  restart: unless-stopped",
        "  cap_drop: [ALL]",
        "  security_opt: ['no-new-privileges:true']",
        "  logging: {driver: json-file, options: {max-size: 16m, max-file: '2'}}",
        "",
        "services:",
    ]
    for service in SERVICES:
        lines += _service(service)
    lines += ["networks:", *(f"  {name}: {{}}" for name in all_networks()), "", "volumes:"]
    lines += [f"  {service}: {{}}" for service in SERVICES]
    return "\n".join(lines) + "\n"


def _service(name: str) -> Iterator[str]:
    limits = _LIMITS.get(name, Limits(_PLATFORM_MB))
    yield f"  {name}:"
    yield "    <<: *member"
    if name == SERVICES[0]:
        yield "    build:"
        yield "      context: ."
        yield "      dockerfile: image/Dockerfile"
        yield "      args: {BASE_IMAGE: '${BASE_IMAGE:-python:3.12-slim}'}"
    if not is_by_default(name):
        yield f"    profiles: [{name}]"
    yield f"    command: [{name}]"
    yield "    environment:"
    yield "      <<: *ports"
    yield "      CHAOS_AURA_INVENTORY: ${CHAOS_AURA_INVENTORY:-}"
    yield f"    networks: [{', '.join(networks_of(name))}]"
    yield "    ports:"
    for port_name in published(name):
        yield f"      - 127.0.0.1:{_port(port_name)}:{_port(port_name)}"
    yield "    volumes:"
    yield f"      - {name}:/srv/.chaos-aura"
    yield "      - ${CHAOS_AURA_HOME:-./.chaos-aura}/config:/srv/told:ro"
    for folder in written_by(name):
        yield f"      - ${{CHAOS_AURA_HOME:-./.chaos-aura}}/{folder}:/srv/.chaos-aura/{folder}"
    yield "    tmpfs: ['/tmp:mode=1777']"
    yield f"    mem_limit: {limits.memory_mb}m"
    yield f"    pids_limit: {limits.pids}"
    yield f"    stop_grace_period: {limits.grace_s}s"
    yield "    healthcheck:"
    yield f"      test: [CMD, python, -P, -m, chaos_aura.pings, {name}, '127.0.0.1:{_port(name)}']"
    yield "      interval: 10s"
    yield "      timeout: 8s"
    yield "      retries: 3"
    yield "      start_period: 60s"
    yield "    labels:"
    yield from (f'      {key}: "{value}"' for key, value in labels_of(name, default_ports(), _port).items())
    yield ""


def _port(name: str) -> str:
    return f"${{{variable(name)}:-{default_ports()[name]}}}"
