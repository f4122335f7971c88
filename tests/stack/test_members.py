"""What the stack writes for the platform's processes is what these read, and all that they are told."""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.platform.model import DEFAULT_INVENTORY, GpuType
from chaos_aura.platform.settings import Settings, read_settings
from chaos_aura.stack.build import make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.edges import EDGES, edge_port_name
from chaos_aura.stack.inventory import VARIABLE
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import LOCAL_SERVICES, WORKERS, Site
from chaos_aura.stack.services.member import Member
from chaos_aura.stack.services.packages import PACKAGES

MEMBERS = tuple(service for service in LOCAL_SERVICES if isinstance(service, Member))
EVERY = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
_PLATFORM = Path(__file__).resolve().parents[2] / "chaos_aura" / "platform"
_COME_WITH_FASTAPI = {"starlette", "pydantic", "pydantic_core"}
_SCHEMES = {"temporal": "", "kafka": "", "neo4j": "bolt://", "redis": "redis://"}


def site_in(folder: Path, **environ: str) -> Site:
    ports = range(20_000, 20_000 + len(port_names()))
    return make_site(Project(folder), Cache(folder / "cache"), Manifest.bundled(), environ, ports)


def settings_of(member: Member, site: Site) -> Settings:
    """By the very path that its command line names, from the folder in which it runs."""
    site.project.make()
    member.prepare(site)
    program = member.program(site)
    return read_settings(Path(program.cwd) / program.argv[-1], {})


def test_there_are_eight_workers_an_api_and_a_projection() -> None:
    names = ["worker", *(f"worker-{number}" for number in range(2, 9))]
    assert [member.name for member in MEMBERS] == ["api", *names, "projection"]
    assert [worker.name for worker in WORKERS] == names


@EVERY
def test_the_platform_reads_what_the_stack_writes(member: Member, tmp_path: Path) -> None:
    site = site_in(tmp_path)
    settings = settings_of(member, site)
    assert (settings.process, settings.home, settings.listen) == (member.name, Path(), str(site.address(member.name)))
    assert settings.inventory == DEFAULT_INVENTORY


@EVERY
def test_it_is_told_its_own_edges_only(member: Member, tmp_path: Path) -> None:
    site = site_in(tmp_path)
    settings = settings_of(member, site)
    for service, scheme in _SCHEMES.items():
        is_edge = (member.client, service) in EDGES
        told = f"{scheme}{site.address(edge_port_name(member.client, service))}" if is_edge else ""
        assert getattr(settings, service) == told


def test_workers_share_their_edges_and_nothing_else(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    first, *others = (settings_of(worker, site) for worker in WORKERS)
    for other in others:
        assert (other.temporal, other.neo4j, other.redis, other.kafka) == (
            first.temporal,
            first.neo4j,
            first.redis,
            first.kafka,
        )
    assert len({settings.listen for settings in (first, *others)}) == len(WORKERS)


@EVERY
def test_the_inventory_of_whoever_starts_it(member: Member, tmp_path: Path) -> None:
    settings = settings_of(member, site_in(tmp_path, **{VARIABLE: "t4=2000,h100=1"}))
    assert settings.inventory == {GpuType.T4: 2000, GpuType.H100: 1}


def test_an_inventory_that_is_none_is_never_written(tmp_path: Path) -> None:
    site = site_in(tmp_path, **{VARIABLE: "t4=lots"})
    with pytest.raises(BadInput, match=VARIABLE):
        MEMBERS[0].prepare(site)
    assert not site.project.config("api").exists()


@EVERY
def test_it_is_run_by_its_module_and_given_its_own_variables(member: Member, tmp_path: Path) -> None:
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "CHAOS_AURA_FLAG_CACHE": "off"}
    program = member.program(site_in(tmp_path, **own, PATH="/bin", CHAOS_AURA_PROJECT="x", SECRET="y"))
    module = f"chaos_aura.platform.{member.client}"
    assert program.argv == (sys.executable, "-P", "-m", module, f"config/{member.name}/settings.json")
    assert Path(program.cwd) == tmp_path / ".chaos-aura"
    assert own.items() <= program.env.items()
    assert not {"CHAOS_AURA_PROJECT", "SECRET"} & program.env.keys()
    assert program.ends_first


def test_no_other_service_is_given_those_variables(tmp_path: Path) -> None:
    site = site_in(tmp_path, OTEL_SERVICE_NAME="x", CHAOS_AURA_FLAG_CACHE="off")
    assert not {"OTEL_SERVICE_NAME", "CHAOS_AURA_FLAG_CACHE"} & site.service_environ.keys()


def test_settings_are_one_readable_document(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    settings_of(MEMBERS[-1], site)
    text = (site.project.config("projection") / "settings.json").read_text(encoding="utf-8")
    assert set(json.loads(text)) == {"process", "home", "listen", "kafka", "redis"}
    assert text.endswith("}\n")


def test_every_package_that_the_platform_imports_is_looked_for_first() -> None:
    known = {*sys.stdlib_module_names, *_COME_WITH_FASTAPI, "chaos_aura"}
    assert {name for module in _PLATFORM.rglob("*.py") for name in imported_by(module)} - known == set(PACKAGES)


def imported_by(module: Path) -> Iterator[str]:
    """Packages, by their topmost name."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
