"""What runs in a real compose project, found and described; and all that can be wrong with that."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from awaiting import wait_until
from external_places import PROXY_PORT, TOXIPROXY, behind_toxiproxy, described, discovered, place_for
from foreign_project import REDIS, WEB, ForeignProject
from local_stack import PlacedStack

from chaos_aura.containers.engine import Engine
from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.project_file import FILE
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.external.described import described as described_in

type Foreign = Callable[..., ForeignProject]

_WITHIN_S = 60


def said(place: PlacedStack, *words: str) -> str:
    """What a command that is refused says, in one line."""
    done = place.command(*words)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("error: ").strip()


def test_a_project_is_described_as_it_runs(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign()
    place = discovered(tmp_path / "project", project)
    found = described_in(place.project.root)
    redis, web = found.service(REDIS), found.service(WEB)
    assert (redis.kind, redis.address, redis.runs_in) == (
        "redis",
        project.address(REDIS),
        {"project": project.name, "service": REDIS},
    )
    assert (web.kind, web.address, web.health) == ("http", project.address(WEB), "/healthz")
    document = place.document("status")
    assert (document["stack"], document["healthy"], document["error"]) == (EXTERNAL, True, None)
    assert {row["name"]: row["pid"] for row in document["services"]} == {
        name: project.container(name).pid for name in (REDIS, WEB)
    }
    assert place.command("address", REDIS).stdout == f"redis://{redis.address}\n"


def test_what_is_there_is_not_overwritten_and_limits_are_never_lost(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign()
    limits = '[limits]\nforbidden_targets = ["web"]\nlongest_s = 9.5\nfaults_at_once = 2\n'
    place = described(tmp_path / "project", limits)
    file = place.project.root / FILE
    words = ("discover", "--compose", project.name)
    assert said(place, *words) == f"{file}: is there already; see what would be written: --print; overwrite it: --force"
    shown = place.command(*words, "--print")
    assert (shown.returncode, file.read_text()) == (0, limits)
    assert place.command(*words, "--force").returncode == 0
    assert file.read_text() == shown.stdout
    assert limits in shown.stdout
    assert "web is forbidden" in said(place, "inject", "pause", "-t", WEB)
    file.write_text("[limits\n")
    assert "is not TOML" in said(place, *words, "--force")


def test_a_toxiproxy_and_its_proxies_are_edges(
    foreign: Foreign, engine: Engine, whole_cache: Cache, tmp_path: Path
) -> None:
    project = foreign(edit=behind_toxiproxy(whole_cache.toxiproxy, tmp_path))
    place = discovered(tmp_path / "project", project)
    outside = project.containers(TOXIPROXY)[0].published[PROXY_PORT]
    edge = described_in(place.project.root).edge(f"clients.{REDIS}")
    assert (edge.address, edge.upstream, edge.proxy) == (outside, project.address(REDIS), "cache")
    assert outside.port != PROXY_PORT
    assert place.document("status")["healthy"]
    dry = place.command("inject", "latency", "-t", edge.name, "--param", "latency_ms=300", "--dry")
    assert f"edge {edge.name} at {outside}: latency" in dry.stdout
    for target in (edge.name, REDIS):
        done = place.command("inject", "partition", "-t", target, "--for", "1s")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"in force: partition of {target} by toxiproxy" in done.stdout
        assert re.search(r"^healed(?: on time, by the reaper)?: ", done.stdout, re.MULTILINE)
    wait_until(project.is_well, _WITHIN_S, "it is well again")


def test_what_publishes_nothing_here_is_left_out_and_told(foreign: Foreign, tmp_path: Path) -> None:
    def edit(document: dict[str, dict[str, dict[str, object]]]) -> None:
        del document["services"][REDIS]["ports"]

    project = foreign(edit=edit)
    place = discovered(tmp_path / "project", project)
    text = (place.project.root / FILE).read_text()
    names = project.container(REDIS).name
    assert f"# redis ({names}) is left out: it publishes no port on this machine" in text
    assert [service.name for service in described_in(place.project.root).services] == [WEB]


def test_what_does_not_run_is_left_out_and_told(foreign: Foreign, engine: Engine, tmp_path: Path) -> None:
    project = foreign()
    web = project.container(WEB)
    engine.api.stop(web.id, timeout=1)
    place = discovered(tmp_path / "project", project)
    assert f"# web ({web.name}) is left out: it does not run" in (place.project.root / FILE).read_text()
    assert [service.name for service in described_in(place.project.root).services] == [REDIS]


def test_what_answers_nothing_just_now_is_guessed_and_told(foreign: Foreign, engine: Engine, tmp_path: Path) -> None:
    project = foreign()
    engine.api.pause(project.container(REDIS).id)
    place = place_for(tmp_path / "project")
    text = place.command("discover", "--compose", project.name, "--print").stdout
    why = "by its image or its port; it does not answer so: no full answer within 5 s"
    assert f'# Guessed: {why}\n[services.redis]\nkind = "redis"' in text
    assert "# Guessed: none of /healthz, /readyz, /health, / says that it is well: " in text
    wrote = place.command("discover", "--compose", project.name).stdout
    assert f"  redis: redis at {project.address(REDIS)} (guessed: {why})\n" in wrote


def test_several_containers_of_one_service(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign(webs=2)
    place = discovered(tmp_path / "project", project)
    assert '# 2 containers: say of a fault which, by "which"' in (place.project.root / FILE).read_text()
    names = [each.name for each in project.containers(WEB)]
    assert f"web: has 2 containers: {', '.join(names)}" in said(place, "inject", "pause", "-t", WEB, "--dry")
    touched = place.command("inject", "pause", "-t", WEB, "--param", "which=all", "--dry").stdout
    assert all(name in touched for name in names)


def test_no_such_project_or_nothing_of_it_runs(foreign: Foreign, tmp_path: Path) -> None:
    project, place = foreign(), place_for(tmp_path / "project")
    there = said(place, "discover", "--compose", "no-such")
    assert there.startswith("--compose: there is no compose project 'no-such'; there are: ")
    assert project.name in there
    assert said(place, "discover").startswith("--compose: names no project; there are: ")
    project.run("stop", "--timeout", "1")
    nothing = said(place, "discover", "--compose", project.name)
    assert nothing == f"compose project {project.name}: has 2 containers, and none runs; start it"
    assert not (place.project.root / FILE).exists()


@pytest.mark.parametrize("words", [("discover", "--compose", "shop"), ("discover",)])
def test_an_engine_that_does_not_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = place_for(tmp_path / "project")
    place.environ["DOCKER_HOST"] = f"unix://{tmp_path}/no.sock"
    told = f"docker engine: does not run: there is no unix://{tmp_path}/no.sock; start it, or set DOCKER_HOST to where"
    assert said(place, *words).startswith(told)
    assert list(place.project.root.iterdir()) == []
