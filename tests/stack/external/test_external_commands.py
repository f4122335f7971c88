"""Commands on somebody else's services: what they tell, what they refuse, and whom they never touch."""

import random
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_engine import labels_of
from external_places import PROXY, TOXIPROXY, behind_toxiproxy, described, discovered
from foreign_project import REDIS, ForeignProject
from http_pages import pages
from local_stack import PlacedStack, chaos_aura

from chaos_aura.containers.container import Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import EXTERNAL, LOCAL, Catalogue
from chaos_aura.core.project_file import FILE
from chaos_aura.stack import ports
from chaos_aura.stack.cache import Cache

type Foreign = Callable[..., ForeignProject]

_API_PORT = 8474
_WITHIN_S = 20
_NOT_OURS = "error: external stack: is not ours to start or to end: chaos-aura.toml describes somebody else's; use what"


@pytest.fixture
def web() -> Iterator[Address]:
    with pages({"/healthz": 200, "/broken": 500}) as address:
        yield address


def of_web(folder: Path, address: Address, health: str = "/healthz") -> PlacedStack:
    """Without containers: no engine is asked."""
    text = f'[stack]\nkind = "external"\n[services.web]\nkind = "http"\naddress = "{address}"\nhealth = "{health}"\n'
    place = described(folder, text)
    place.environ["DOCKER_HOST"] = f"unix://{folder}/no.sock"
    return place


def test_services_without_containers_are_told_of_without_an_engine(web: Address, tmp_path: Path) -> None:
    well = of_web(tmp_path / "well", web).document("status")
    [row] = well["services"]
    assert (well["healthy"], row["state"], row["detail"]) == (True, "healthy", "200 for /healthz")
    place = of_web(tmp_path / "broken", web, "/broken")
    done = place.command("status")
    assert done.returncode == 1
    assert "web: it answered with an error: 500 Internal Server Error for /broken; look at it where it" in done.stdout
    logs = place.command("logs", "web")
    assert logs.stderr == "error: web: has no log here; look where it runs: docker logs CONTAINER\n"
    refused = place.command("inject", "pause", "-t", "web")
    assert (refused.returncode, "web does not run in a container" in refused.stderr) == (1, True)


def test_of_a_container_that_nobody_can_look_at_what_answers_is_told_and_what_is_not_known(
    web: Address, tmp_path: Path
) -> None:
    place = of_web(tmp_path / "project", web)
    file = place.project.root / FILE
    file.write_text(f'{file.read_text()}container = "web-1"\n')
    done = place.command("status")
    assert done.returncode == 0
    told = "web: 200 for /healthz; its container could not be looked at: docker engine: does not run: there is no unix"
    assert told in done.stdout
    refused = place.command("inject", "pause", "-t", "web")
    assert (refused.returncode, "docker: docker engine: does not run" in refused.stderr) == (1, True)


def test_the_environment_alone_may_mean_it(web: Address, tmp_path: Path) -> None:
    place = of_web(tmp_path / "project", web)
    text = (place.project.root / FILE).read_text()
    (place.project.root / FILE).write_text(text.replace('kind = "external"\n', ""))
    assert place.document("status")["error"]["why"] == "is not running"
    place.environ["CHAOS_AURA_STACK"] = EXTERNAL
    assert place.document("status")["healthy"]
    place.environ["CHAOS_AURA_STACK"] = "extern"
    assert place.document("status")["error"]["why"] == "'extern' is no stack"


@pytest.mark.parametrize("words", [("up",), ("up", "redis"), ("down",), ("down", "--purge")])
def test_nothing_is_started_or_ended(web: Address, tmp_path: Path, words: tuple[str, ...]) -> None:
    place = of_web(tmp_path / "project", web)
    place.command("status")
    refused = place.command(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(_NOT_OURS)
    assert place.document("status")["healthy"]


@pytest.mark.parametrize(
    "words",
    [
        ("events", "validate"),
        ("events", "timeline", "r-1"),
        ("events", "replay", "--into", "topic:copy"),
        ("trace", "r-1"),
        ("repair", "latest"),
    ],
)
def test_what_reads_our_own_platform_says_so(web: Address, tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = of_web(tmp_path / "project", web).command(*words)
    why = f"{words[0]}: reads what our own platform wrote, and chaos-aura.toml describes somebody else's services"
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"error: {why}; for a stack of ours: CHAOS_AURA_STACK=local\n"


def test_what_was_noted_of_it_is_forgotten_when_another_stack_is_meant(web: Address, tmp_path: Path) -> None:
    place = of_web(tmp_path / "project", web)
    assert place.document("status")["healthy"]
    (place.project.root / FILE).unlink()
    assert place.command("status").stderr.startswith("error: stack of ")
    assert place.command("down", "--purge").returncode == 0
    assert list(place.project.root.iterdir()) == []


def test_the_catalogue_follows_the_file_but_takes_no_stack_of_ours_its_own(web: Address, tmp_path: Path) -> None:
    place = of_web(tmp_path / "project", web)
    place.command("faults")
    file, kept = place.project.root / FILE, place.project.catalogue
    assert [each.name for each in Catalogue.from_json(kept.read_text()).services] == ["web"]
    file.write_text(file.read_text().replace("services.web", "services.site"))
    assert place.command("address", "site").stdout == f"http://{web}\n"
    assert [each.name for each in Catalogue.from_json(kept.read_text()).services] == ["site"]
    kept.write_text("{damaged")
    assert place.document("status")["healthy"]
    local = Catalogue(LOCAL, (), ()).to_json()
    kept.write_text(local)
    for words in (("status",), ("faults",), ("inject", "pause", "-t", "site")):
        told = f"error: {kept}: is that of a local stack, which may still run here; run: CHAOS_AURA_STACK=local chaos-"
        refused = place.command(*words)
        assert (refused.returncode, refused.stderr.startswith(told)) == (2, True)
    assert kept.read_text() == local
    place.environ["CHAOS_AURA_STACK"] = LOCAL
    assert place.command("down").stdout == "was not running\n"
    del place.environ["CHAOS_AURA_STACK"]
    assert place.document("status")["healthy"]


def test_a_file_that_cannot_be_read_keeps_nobody_from_healing(web: Address, tmp_path: Path) -> None:
    place = of_web(tmp_path / "project", web)
    (place.project.root / FILE).write_text("[stack\n")
    assert "is not TOML" in place.document("status")["error"]["why"]
    assert place.command("heal", "--all").stdout == "no fault is open\n"
    assert place.command("leases").returncode == 0
    assert place.command("down").stdout == "was not running\n"


def test_how_each_is_when_its_container_is_frozen_stopped_or_gone(
    foreign: Foreign, engine: Engine, tmp_path: Path
) -> None:
    project = foreign()
    place, redis = discovered(tmp_path / "project", project), project.container(REDIS)

    def row() -> tuple[str, str, str]:
        [found] = [each for each in place.document("status")["services"] if each["name"] == REDIS]
        return found["state"], found["detail"], found["remedy"]

    engine.api.pause(redis.id)
    state, detail, remedy = row()
    assert (state, detail) == ("unhealthy", f"no full answer within 5 s; paused: {redis.name}")
    assert remedy == f"look at: docker logs {redis.name}"
    engine.api.unpause(redis.id)
    engine.api.stop(redis.id, timeout=_WITHIN_S)
    assert row() == ("down", f"container {redis.name} is exited (exit 0)", f"run: docker start {redis.name}")
    engine.api.remove_container(redis.id)
    assert row() == (
        "down",
        f"compose project {project.name} has no container of a service redis",
        "there are: web",
    )
    refused = place.command("inject", "pause", "-t", REDIS)
    assert refused.returncode == 2
    assert f"{FILE}, redis: compose project {project.name}: has no container of a service redis" in refused.stderr


def test_an_address_at_which_nobody_is_says_what_the_container_publishes(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign()
    place, redis = discovered(tmp_path / "project", project), project.container(REDIS)
    right, file = project.address(REDIS), place.project.root / FILE
    reserved = ports.choose(1, random.Random())
    try:
        wrong = str(right).replace(str(right.port), str(reserved.ports[0]))
        file.write_text(file.read_text().replace(f'"{right}"', f'"{wrong}"'))
        told = place.command("status").stdout
    finally:
        reserved.release()
    assert f"redis: nothing listens there; container {redis.name} publishes {right}; mend its address in {FILE}" in told


def test_a_proxy_that_a_restart_forgot_is_told(foreign: Foreign, whole_cache: Cache, tmp_path: Path) -> None:
    project = foreign(edit=behind_toxiproxy(whole_cache.toxiproxy, tmp_path))
    place, [server] = discovered(tmp_path / "project", project), project.containers(TOXIPROXY)
    assert place.document("status")["healthy"]
    url = f"http://{server.published[_API_PORT]}/proxies/{PROXY}"
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE")) as answer:
        assert answer.status == 204
    told = place.command("status").stdout
    assert f"has no proxy {PROXY} for the edge " in told
    assert f"; it has: none; a restart forgets those made by its API; make {PROXY} again, or mend `proxy` in" in told


def test_a_container_of_another_project_is_never_a_target(
    foreign: Foreign, engine: Engine, foreign_base: str, docker_mark: str, tmp_path: Path
) -> None:
    project, other = foreign(), foreign()
    place = discovered(tmp_path / "project", project)
    file, strange = place.project.root / FILE, other.container(REDIS)
    text = file.read_text()
    file.write_text(text.replace('compose_service = "redis"', f'container = "{strange.name}"'))
    why = f"container {strange.name}: is of project {other.name}, not of {project.name}"
    for words in (("pause",), ("pause", "--dry"), ("kill",)):
        refused = place.command("inject", *words, "-t", REDIS)
        assert (refused.returncode, why in refused.stderr) == (2, True)
    assert f"not redis by docker: {why}" in place.command("faults", "pause").stdout
    assert f"{why.replace(': is', ' is')}; name another one" in place.command("status").stdout
    assert engine.inspect(strange.id) == strange
    file.write_text(text.replace('compose_service = "redis"', 'container = "no-such"'))
    assert "container no-such: is not there" in place.command("inject", "pause", "-t", REDIS).stderr


def test_nothing_is_found_by_half_a_name(foreign: Foreign, engine: Engine, foreign_base: str, docker_mark: str) -> None:
    project = foreign()
    redis = project.container(REDIS)
    assert Group(container=redis.name).find(engine) == (redis,)
    assert Group(container=redis.id[:6]).find(engine) == ()
    for half in (Group(), Group(project=project.name), Group(service=REDIS)):
        assert half.find(engine) == ()
    labels = {**redis.labels, **labels_of(docker_mark), "com.docker.compose.oneoff": "True"}
    made = engine.api.create_container(foreign_base, "sleep 100", labels=labels)
    assert [each.id for each in project.containers(REDIS)] == [redis.id]
    engine.api.remove_container(made["Id"])


def test_a_service_of_the_same_name_in_another_project_is_spared(
    foreign: Foreign, engine: Engine, tmp_path: Path
) -> None:
    project, other = foreign(redises=2), foreign(redises=2)
    place = discovered(tmp_path / "project", project)
    with subprocess.Popen(
        chaos_aura("inject", "pause", "-t", REDIS, "--param", "which=all", "--for", "60s"),
        cwd=place.project.root,
        env=place.environ,
        stdout=subprocess.DEVNULL,
    ) as injecting:
        wait_until(
            lambda: all(each.status is Status.PAUSED for each in project.containers(REDIS)), _WITHIN_S, "all are frozen"
        )
        assert [each.status for each in other.containers(REDIS)] == [Status.RUNNING] * 2
        assert "pause" in place.command("leases").stdout
        assert place.command("heal", "--all").returncode == 0
        injecting.wait(_WITHIN_S)
    wait_until(project.is_well, _WITHIN_S, "it is well again")
    assert other.is_well()


@pytest.mark.parametrize("kind", [["pause"], ["stop"], ["memory_limit", "--param", "limit_mb=64"], ["partition"]])
def test_what_compose_makes_anew_meanwhile_is_healed(foreign: Foreign, tmp_path: Path, kind: list[str]) -> None:
    project = foreign()
    place, before = discovered(tmp_path / "project", project), project.container(REDIS)
    injecting = chaos_aura("inject", *kind, "-t", REDIS, "--for", "120s")
    with subprocess.Popen(
        injecting, cwd=place.project.root, env=place.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as one:
        try:
            wait_until(lambda: is_in_force(place) or one.poll() is not None, _WITHIN_S, "it is in force")
            assert one.poll() is None, one.communicate()
            project.run("up", "--detach", "--force-recreate", "--no-deps", REDIS)
            assert project.container(REDIS).id != before.id
        finally:
            place.command("heal", "--all")
            one.communicate(timeout=_WITHIN_S)
    assert place.document("leases")["leases"] == []
    wait_until(project.is_well, _WITHIN_S, "it is well")
    assert project.container(REDIS).host_config["Memory"] == 0


def is_in_force(place: PlacedStack) -> bool:
    return [lease["state"] for lease in place.document("leases")["leases"]] == ["in_force"]
