"""`chaos run` on somebody else's compose project: attacked for real, healed, and judged by its hypothesis."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from chaos_run import RUN_WITHIN_S, Ran, action, call, control, decided, ended, experiment, started
from external_places import behind_toxiproxy, described, discovered
from foreign_project import REDIS, WEB, ForeignProject
from http_pages import pages
from local_stack import PlacedStack

from chaos_aura.containers.container import Status
from chaos_aura.core.project_file import FILE
from chaos_aura.record.samples import HEALTH, newest_samples
from chaos_aura.report.outcomes import REFUSED
from chaos_aura.stack.cache import Cache

type Foreign = Callable[..., ForeignProject]

pytestmark = pytest.mark.timeout(3 * RUN_WITHIN_S + 180)  # a run that is not decided is run again

_WITHIN_S = 60
_SEEN = """
import json, os, sys, time
file, *names = sys.argv[1:]
wanted = {("health", False, name) for name in names} | {("weight", None, name) for name in names}
until_s = time.monotonic() + 60
while wanted and time.monotonic() < until_s:
    time.sleep(0.1)
    for line in open(os.path.join(os.environ["CHAOS_AURA_RUN"], file)).read().splitlines():
        row = json.loads(line) if line.endswith("}") else {}
        wanted.discard((row.get("what"), row.get("healthy"), row.get("service", row.get("of"))))
sys.exit(f"nobody has seen {wanted}" if wanted else 0)
"""
_PAGE = Path(__file__).parents[2] / "docs" / "containers.md"
HEALTHY = call(
    "probes.health",
    "all_services",
    "probe",
    "every service is healthy",
    tolerance=call("steady_states.health", "every_service_is_healthy", "probe", "every service is healthy"),
)


def ran(place: PlacedStack, document: Mapping[str, Any], *words: str) -> Ran:
    return ended(place.project.root, place.project.home, started(place.project.root, place.environ, document, *words))


def attacked(*method: dict[str, Any], budget_s: float = 30.0) -> dict[str, Any]:
    return experiment(method, probes=[HEALTHY], controls=[control(budget_s=budget_s)])


def python(*arguments: str) -> dict[str, Any]:
    """Something that is not ours, in the middle of a run."""
    return call("subprocess", "check_call", name="by hand", arguments={"args": list(arguments)})


def test_the_experiment_of_the_page(foreign: Foreign, tmp_path: Path) -> None:
    [text] = re.findall(r"^```json\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    document = json.loads(text)
    document["method"][0]["provider"]["arguments"]["duration"] = 2
    place = discovered(tmp_path / "project", foreign())
    file = place.project.root / FILE
    file.write_text(file.read_text().replace("[services.redis]", "[services.cache]"))
    done = decided(lambda: ran(place, document))
    assert (done.code, done.outcome) == (0, "passed"), done.said
    assert [fault["target"] for fault in done.result["faults"]] == ["cache"]


@pytest.mark.parametrize(
    "hurt",
    [
        action("pause", target=REDIS, duration=3),
        action("kill", target=REDIS),
        action("partition", target=REDIS, duration=3),
        action("memory_limit", target=REDIS, duration=3, limit_mb=64),
    ],
    ids=lambda hurt: hurt["provider"]["func"],
)
def test_one_that_recovers_passes(foreign: Foreign, tmp_path: Path, hurt: dict[str, Any]) -> None:
    project = foreign()
    place, before = discovered(tmp_path / "project", project), project.container(REDIS)
    done = decided(lambda: ran(place, attacked(hurt)))
    assert (done.code, done.outcome) == (0, "passed"), done.said
    assert "all 2 services are healthy" in done.reasons
    [fault] = done.result["faults"]
    assert (fault["target"], fault["injector"]) == (REDIS, "docker")
    assert project.container(REDIS).status is Status.RUNNING
    assert (project.container(REDIS).life == before.life) is (hurt["provider"]["func"] != "kill")
    assert place.command("leases").stdout.strip() in ("no fault is open", "")


def test_what_it_saw_is_kept(foreign: Foreign, tmp_path: Path) -> None:
    """In force until it was seen: how soon somebody looks, the machine decides."""
    place = discovered(tmp_path / "project", foreign())
    seen = python(sys.executable, "-c", _SEEN, "samples.jsonl", REDIS, WEB)
    done = ran(place, attacked(action("pause", target=REDIS), seen, action("heal_all")))
    assert done.folder, done.said
    rows = [row for row in newest_samples(done.folder / "samples.jsonl") if row["what"] == HEALTH]
    assert {row["service"] for row in rows if not row["healthy"]} == {REDIS, WEB}
    weights = {row["of"] for row in newest_samples(done.folder / "samples.jsonl") if row["what"] == "weight"}
    assert {REDIS, WEB} <= weights
    assert (done.folder / "sampler.log").read_text() == ""


def test_one_that_does_not_recover_fails(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign()
    place, web = discovered(tmp_path / "project", project), project.container(WEB)
    method = (action("pause", target=REDIS, duration=2), python("docker", "stop", "--time", "1", web.name))

    def hurt_when_well() -> Ran:
        project.up()
        return ran(place, attacked(*method, budget_s=3.0))

    done = decided(hurt_when_well, "failed")
    assert (done.code, done.outcome) == (1, "failed"), done.said
    assert "recovery: not within 3 s" in done.reasons
    assert project.container(REDIS).status is Status.RUNNING


def test_a_path_through_its_toxiproxy(foreign: Foreign, whole_cache: Cache, tmp_path: Path) -> None:
    project = foreign(edit=behind_toxiproxy(whole_cache.toxiproxy, tmp_path))
    place = discovered(tmp_path / "project", project)
    done = decided(lambda: ran(place, attacked(action("partition", target=f"clients.{REDIS}", duration=2))))
    assert (done.code, done.outcome) == (0, "passed"), done.said
    assert [fault["injector"] for fault in done.result["faults"]] == ["toxiproxy"]


def test_what_is_not_well_before_is_not_hurt_and_nothing_is_started(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign()
    place, redis = discovered(tmp_path / "project", project), project.container(REDIS)
    project.engine.api.stop(redis.id, timeout=_WITHIN_S)
    done = ran(place, attacked(action("pause", target=WEB, duration=1)))
    assert (done.code, done.outcome) == (1, "baseline not met"), done.said
    assert "next         see: chaos-aura status" in done.said
    told = f"redis: does not do its work: container {redis.name} is exited (exit 0); run: docker start {redis.name}"
    assert told in done.reasons
    dry = ran(place, attacked(action("pause", target=REDIS, duration=1)), "--dry", "actions")
    assert (dry.code, dry.outcome) == (1, "dry"), dry.said
    assert dry.result["reasons"][0] == told
    assert dry.result["reasons"][1].startswith("pause of redis would be refused: ")
    assert dry.result["reasons"][2].startswith("the hypothesis is not met: every service is healthy: ")
    assert project.container(REDIS).status is Status.EXITED
    file = place.project.root / FILE
    file.write_text(file.read_text().replace('compose_service = "redis"', 'compose_service = "cache"'))
    done = ran(place, attacked(action("pause", target=WEB, duration=1)))
    assert "has no container of a service cache; there are: redis, web" in done.reasons
    assert done.outcome == "fault not injected"
    assert REFUSED.next_step in done.said


def test_a_dry_run_names_every_container_and_touches_none(foreign: Foreign, tmp_path: Path) -> None:
    project = foreign(webs=2)
    place = discovered(tmp_path / "project", project)

    def lives() -> list[tuple[str, Status]]:
        return [(each.life, each.status) for name in (REDIS, WEB) for each in project.containers(name)]

    before = lives()
    method = [
        action("pause", target=REDIS, duration=1),
        action("kill", target=WEB, which="all"),
    ]
    done = ran(place, attacked(*method), "--dry", "actions")
    assert done.outcome == "dry", done.said
    touched = [row["touches"] for row in done.result["faults"]]
    names = [[project.container(REDIS).name], [each.name for each in project.containers(WEB)]]
    for touches, meant in zip(touched, names, strict=True):
        assert all(any(name in line for line in touches) for name in meant)
    assert lives() == before
    several = ran(place, attacked(action("kill", target=WEB)), "--dry", "actions")
    assert "has 2 containers: " in several.result["faults"][0]["wrong"]


def test_a_load_of_ours_is_refused_before_anything_is_hurt(tmp_path: Path) -> None:
    with pages({"/": 200}) as address:
        text = f'[stack]\nkind = "external"\n[services.api]\nkind = "http"\naddress = "{address}"\n'
        place = described(tmp_path / "project", text)
        done = ran(place, attacked(action("drive_allocations")))
        assert (
            "drive_allocations: asks our own platform for GPUs, and these services are somebody else's" in done.reasons
        )
        dry = ran(place, attacked(action("drive_allocations")), "--dry", "actions")
        assert (dry.outcome, dry.result["reasons"][0]) == ("dry", done.result["reasons"][0])
        assert ran(place, experiment([], probes=[HEALTHY])).code == 0


def test_a_service_that_does_not_answer_is_no_baseline(tmp_path: Path) -> None:
    text = '[stack]\nkind = "external"\n[services.api]\nkind = "http"\naddress = "127.0.0.1:1"\n'
    done = ran(described(tmp_path / "project", text), attacked())
    assert (done.code, done.outcome) == (1, "baseline not met"), done.said
    assert done.reasons.startswith("api: does not do its work: ")
    assert "next         see: chaos-aura status" in done.said
