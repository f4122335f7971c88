"""The stack in containers, as its users start, look at, hurt and end it."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from awaiting import wait_until
from chaos_run import decided, ended, started
from contained_stack import UP_WITHIN_S, contained, stack_in
from driven_allocations import allocate
from local_stack import PlacedStack, chaos_aura

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.stack_choice import VARIABLE
from chaos_aura.stack.docker.labels import MEMBER
from chaos_aura.stack.selection import ALL

pytestmark = [pytest.mark.alone, pytest.mark.live, pytest.mark.timeout(UP_WITHIN_S + 180)]

_WITHIN_S = 60
_RUN_WITHIN_S = 240
EXPERIMENTS = Path(__file__).resolve().parents[3] / "experiments"
_BY = {"neo4j_down": "docker", "worker_crash": "docker", "clock_skew_worker": "clock", "disk_full_kafka": "docker"}
_PING = """
import socket, sys
with socket.create_connection(("toxiproxy", int(sys.argv[1])), 2) as one:
    one.settimeout(2)
    one.sendall(b"PING\\r\\n")
    print(one.recv(100))
"""
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"


@pytest.fixture(scope="module")
def place(engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlacedStack]:
    with contained(engine, base_image, tmp_path_factory.mktemp("contained")) as one:
        yield one


def member(engine: Engine, place: PlacedStack, name: str) -> Container:
    [found] = [each for each in stack_in(place).containers(engine) if each.labels[MEMBER] == name]
    return found


def test_all_are_well(place: PlacedStack) -> None:
    told = place.document("status")
    assert told["stack"] == "docker"
    assert [row["name"] for row in told["services"]] == list(ALL)
    assert {row["state"] for row in told["services"]} == {"healthy"}
    assert all(row["pid"] for row in told["services"])


def test_started_again_it_says_that_it_is_up(place: PlacedStack) -> None:
    again = place.command("up")
    assert again.returncode == 0, again.stderr
    assert again.stdout.rstrip().endswith("up already")


def test_where_nobody_says_which_the_one_that_is_up_is_meant(place: PlacedStack) -> None:
    environ = {name: value for name, value in place.environ.items() if name != VARIABLE}
    again = PlacedStack(place.project, environ).command("up")
    assert again.returncode == 0, again.stderr
    assert again.stdout.rstrip().endswith("up already")


def test_the_local_stack_is_refused_while_it_is_up(place: PlacedStack) -> None:
    refused = place.command("up", "--stack", "local")
    assert refused.returncode == 2
    assert (
        refused.stderr.strip().splitlines()[-1].startswith("error: stack: the docker one is up; run: chaos-aura down")
    )


@pytest.mark.parametrize(("client", "service"), [("api", "redis"), ("worker", "neo4j"), ("projection", "kafka")])
def test_a_client_has_no_way_but_its_edge(engine: Engine, place: PlacedStack, client: str, service: str) -> None:
    catalogue = place.running().catalogue
    there = member(engine, place, client)
    edge = catalogue.edge(f"{client}.{service}").address.port
    assert run_inside(engine, there, ["python", "-c", _CONNECT, "toxiproxy", str(edge)]).code == 0
    assert run_inside(
        engine, there, ["python", "-c", _CONNECT, service, str(catalogue.service(service).address.port)]
    ).code
    address = next(iter(member(engine, place, service).networks.values())).address
    direct = str(catalogue.service(service).address.port)
    assert run_inside(engine, there, ["python", "-c", _CONNECT, address, direct]).code, "met by its address"


@pytest.mark.parametrize("name", ["redis", "kafka", "api"])
def test_each_is_nobody_and_changes_nothing_of_its_image(engine: Engine, place: PlacedStack, name: str) -> None:
    there = member(engine, place, name)
    assert run_inside(engine, there, ["id", "-u"]).said.strip() not in ("", "0")
    assert "Read-only file system" in run_inside(engine, there, ["touch", "/opt/chaos-aura/mine"]).said


def test_what_it_writes_is_in_its_log(place: PlacedStack) -> None:
    told = place.command("logs", "redis")
    assert told.returncode == 0
    assert "Ready to accept connections" in told.stdout


def test_what_was_asked_is_told_from_end_to_end(place: PlacedStack) -> None:
    request = f"traced-{uuid.uuid4()}"
    allocate(place.running(), f"tenant-{request}", request)
    found = wait_until(lambda: traced(place, request), _WITHIN_S, "its way through both processes is told")
    assert {"POST /allocations", "decide", "take GPUs"} <= {step["name"] for step in found["steps"]}
    assert (found["stores"]["temporal"]["state"], found["stores"]["kafka"]["state"]) == ("found", "found")
    timeline = place.document("events", "timeline", request)
    assert (timeline["validity"], [row["kind"] for row in timeline["story"]][-1]) == ("valid", "allocation.released")
    judged = place.command("events", "validate")
    assert (judged.returncode, judged.stdout.startswith("VALID  allocation.events: ")) == (0, True), judged.stderr


def traced(place: PlacedStack, request: str) -> dict[str, Any] | None:
    """None as long as something of it is still to come."""
    document = place.document("trace", request)
    components = {step["component"] for step in document["steps"]}
    is_whole = {"api", "worker", "pool", "kafka"} <= components
    return document if is_whole else None


def test_a_fault_that_is_open_is_told_beside_what_it_does(place: PlacedStack) -> None:
    argv = chaos_aura("inject", "pause", "--target", "redis", "--for", "120s")
    with subprocess.Popen(
        argv, cwd=place.project.root, env=place.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as one:
        try:
            wait_until(lambda: in_force(place) or one.poll() is not None, _WITHIN_S, "it is in force")
            told, document = place.command("status"), place.document("status")
            [lease] = place.document("leases")["leases"]
        finally:
            assert place.command("heal", "--all").returncode == 0
            one.communicate(timeout=_WITHIN_S)
    assert told.returncode == 1
    assert "a fault is open: pause of redis; see: chaos-aura leases" in told.stdout.splitlines()
    assert (lease["kind"], lease["target"], lease.pop("ends_in_s") > 0) == ("pause", "redis", True)
    assert document["faults"] == [lease]
    wait_until(lambda: place.command("status").returncode == 0, _WITHIN_S, "all is well again")
    assert place.document("status")["faults"] == []


def in_force(place: PlacedStack) -> bool:
    return [lease["state"] for lease in place.document("leases")["leases"]] == ["in_force"]


def test_a_crash_is_healed_by_its_restart_policy(engine: Engine, place: PlacedStack) -> None:
    before = member(engine, place, "redis")
    done = place.command("inject", "kill", "--target", "redis")
    assert done.returncode == 0, done.stderr
    after = wait_until(
        lambda: (now := member(engine, place, "redis")).is_running and now.life != before.life and now,
        _WITHIN_S,
        "it is back",
    )
    assert after.id == before.id
    assert after.restarts > before.restarts
    wait_until(lambda: place.command("status").returncode == 0, _WITHIN_S, "all is well again")


def test_an_edge_is_cut_and_spares_the_others(engine: Engine, place: PlacedStack) -> None:
    ports = {
        client: str(place.running().catalogue.edge(f"{client}.redis").address.port) for client in ("api", "worker")
    }

    def answers(client: str) -> bool:
        return "PONG" in run_inside(engine, member(engine, place, client), ["python", "-c", _PING, ports[client]]).said

    assert answers("api")
    argv = chaos_aura("inject", "partition", "--target", "api.redis", "--for", "120s")
    with subprocess.Popen(
        argv, cwd=place.project.root, env=place.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as one:
        wait_until(lambda: not answers("api") or one.poll() is not None, _WITHIN_S, "it is cut")
        assert one.poll() is None, one.communicate()
        assert answers("worker")
        assert place.command("heal", "--all").returncode == 0
        assert answers("api")
        one.communicate(timeout=_WITHIN_S)


@pytest.mark.parametrize("name", ["neo4j_down", "worker_crash", "clock_skew_worker", "disk_full_kafka"])
def test_an_experiment_passes_unchanged(place: PlacedStack, tmp_path: Path, name: str) -> None:
    document = json.loads((EXPERIMENTS / f"{name}.json").read_text(encoding="utf-8"))
    environ = {**place.environ, "CHAOS_AURA_PROJECT": str(place.project.root)}
    ran = decided(lambda: ended(tmp_path, place.project.home, started(tmp_path, environ, document), _RUN_WITHIN_S))
    assert (ran.outcome, ran.code) == ("passed", 0), ran.said
    assert [each["injector"] for each in ran.result["faults"]] == [_BY[name]]
    assert ran.folder
    assert {path.stem for path in (ran.folder / "spans").glob("*.ndjson")} >= {"api", "worker"}


def test_a_second_worker_comes_and_goes(engine: Engine, place: PlacedStack) -> None:
    two = place.command("up", "--workers", "2", timeout=UP_WITHIN_S)
    assert two.returncode == 0, two.stderr
    assert {row["name"]: row["state"] for row in place.document("status")["services"]}["worker-2"] == "healthy"
    one = place.command("up", "--workers", "1", timeout=UP_WITHIN_S)
    assert "ended: worker-2" in one.stdout, one.stderr
    assert "worker-2" not in {each.labels[MEMBER] for each in stack_in(place).containers(engine)}


def test_what_runs_goes_on_when_another_image_would_be_taken(engine: Engine, place: PlacedStack) -> None:
    before = {each.labels[MEMBER]: (each.id, each.life) for each in stack_in(place).containers(engine)}
    made_of = member(engine, place, "redis").document["Config"]["Image"]
    engine.api.tag(made_of, "chaos-aura-newer", "test")
    try:
        newer = PlacedStack(place.project, {**place.environ, "CHAOS_AURA_IMAGE": "chaos-aura-newer:test"})
        up = newer.command("up", "--workers", "2", timeout=UP_WITHIN_S)
        assert up.returncode == 0, up.stderr
        assert f"{made_of} goes on; to have chaos-aura-newer:test: chaos-aura down, then up" in up.stdout + up.stderr
        after = {each.labels[MEMBER]: (each.id, each.life) for each in stack_in(place).containers(engine)}
        assert {name: after[name] for name in before} == before
        assert member(engine, place, "worker-2").document["Config"]["Image"] == made_of
        assert newer.command("up", "--workers", "1", timeout=UP_WITHIN_S).returncode == 0
    finally:
        engine.api.remove_image("chaos-aura-newer:test")


def test_data_outlive_it_and_no_container_does(engine: Engine, place: PlacedStack) -> None:
    assert place.command("up", "--workers", "2", timeout=UP_WITHIN_S).returncode == 0
    with redis.Redis.from_url(place.running().catalogue.service("redis").uri) as client:
        client.set("kept", "yes")
    down = place.command("down")
    assert (down.returncode, down.stdout) == (0, "down\n"), down.stderr
    assert stack_in(place).containers(engine) == ()
    assert place.command("status").returncode == 1
    up = place.command("up", timeout=UP_WITHIN_S)
    assert up.returncode == 0, up.stderr
    with redis.Redis.from_url(place.running().catalogue.service("redis").uri) as client:
        assert client.get("kept") == b"yes"


def test_of_a_part_the_rest_is_down(engine: Engine, base_image: str, tmp_path: Path) -> None:
    with contained(engine, base_image, tmp_path, "redis") as part:
        told = part.command("status", "--json")
        states = {row["name"]: row["state"] for row in json.loads(told.stdout)["services"]}
        assert (told.returncode, list(states)) == (1, list(ALL))
        assert {name for name, state in states.items() if state == "healthy"} == {"redis", "toxiproxy"}
        assert set(states.values()) == {"healthy", "down"}
        refused = part.command("events", "validate")
        assert (refused.returncode, refused.stderr) == (2, "error: kafka: is not running; run: chaos-aura up kafka\n")


def test_without_an_engine_it_is_one_line(tmp_path: Path, place: PlacedStack) -> None:
    environ = {**place.environ, "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "CHAOS_AURA_PROJECT": str(tmp_path)}
    refused = PlacedStack(place.project, environ).command("up")
    assert refused.returncode == 1
    [line] = refused.stderr.strip().splitlines()
    assert line.startswith(f"error: docker engine: does not run: there is no unix://{tmp_path}/nobody.sock; start it")
    assert not (tmp_path / ".chaos-aura").exists()


def test_json_of_what_is_down_is_a_document(tmp_path: Path, place: PlacedStack) -> None:
    environ = {**place.environ, "CHAOS_AURA_PROJECT": str(tmp_path)}
    told = PlacedStack(place.project, environ).command("status", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["running"] is False
