"""The catalogue through labels: what the compose file writes on containers is read again as the local stack has it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos_aura.containers.container import PROJECT, SERVICE, Container
from chaos_aura.core.catalogue import DOCKER
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.stack import build
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.docker.compose_file import compose_file
from chaos_aura.stack.docker.labels import catalogue_of
from chaos_aura.stack.docker.wiring import SERVICES, default_ports
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import MOST_WORKERS, Site

_DEFAULT = re.compile(r"\$\{[A-Z0-9_]+:-([^}]*)\}")


def containers() -> list[Container]:
    services = yaml.safe_load(_DEFAULT.sub(r"\1", compose_file()))["services"]
    return [container(name, one["labels"], one["environment"]) for name, one in services.items()]


def container(name: str, labels: dict[str, str], environ: Mapping[str, int] | None = None) -> Container:
    state = {"Status": "running", "StartedAt": "2026-11-30T02:31:44Z"}
    config = {"Labels": {**labels, PROJECT: "p", SERVICE: name}}
    config["Env"] = [f"{key}={value}" for key, value in (environ or {}).items()]
    document: dict[str, Any] = {"Id": name, "Name": f"/p_{name}_1", "Image": "i", "State": state, "Config": config}
    return Container.of(document)


def test_it_is_that_of_a_local_stack_on_the_same_ports(tmp_path: Path) -> None:
    site = Site(Project(tmp_path), Cache(tmp_path), Manifest.bundled(), {"PATH": ""}, default_ports(), EDGES)
    local = build.catalogue_of(site, workers=MOST_WORKERS)
    found = catalogue_of(reversed(containers()))
    assert found.stack == DOCKER
    assert found.edges == local.edges
    assert tuple(replace(each, runs_in={}) for each in found.services) == local.services
    assert [each.runs_in for each in found.services] == [{"project": "p", "service": name} for name in SERVICES]


def test_what_was_not_started_is_in_it_as_in_that_of_a_local_stack(tmp_path: Path) -> None:
    site = Site(Project(tmp_path), Cache(tmp_path), Manifest.bundled(), {"PATH": ""}, default_ports(), EDGES)
    local = build.catalogue_of(site)
    some = [each for each in containers() if each.service in ("redis", "toxiproxy")]
    found = catalogue_of([*some, container("stranger", {"chaos-aura.service": "stranger"})])
    assert found.edges == local.edges
    assert tuple(replace(each, runs_in={}) for each in found.services) == local.services
    assert {tuple(each.runs_in.items()) for each in found.services} == {
        (("project", "p"), ("service", each.name)) for each in local.services
    }


def test_of_containers_that_know_no_ports_only_they_are_in_it() -> None:
    [redis] = [each for each in containers() if each.service == "redis"]
    found = catalogue_of([container("redis", dict(redis.labels))])
    assert [each.name for each in found.services] == ["redis"]
    assert {edge.service for edge in found.edges} == {"redis"}


def test_a_label_that_is_no_port_is_told() -> None:
    with pytest.raises(BadInput, match="p_redis_1: has a label with 'x' instead of a port"):
        catalogue_of([container("redis", {"chaos-aura.service": "redis", "chaos-aura.port": "x"})])
