"""`chaos-aura trace`: the steps of a request out of several processes' files, and what the stores hold of it."""

import io
import json
import subprocess
import sys
import tracemalloc
import uuid
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from awaiting import wait_until
from hurting import is_well, paused
from local_stack import PlacedStack
from rich.console import Console

from chaos_aura.cli.trace_steps import TracedStep, read_steps
from chaos_aura.cli.trace_view import print_trace
from chaos_aura.core.project import Project
from chaos_aura.stack.running import RunningStack

_RECORDED_WITHIN_S = 120
_ANSWERS_WITHIN_S = 30
_AGAIN = 503  # overloaded, or Temporal has not begun it in time
_NOBODY = {
    name: {"state": "nothing", "why": "no", "held": {}} for name in ("temporal", "pool", "neo4j", "redis", "kafka")
}
_PROCESS = """
import json, sys
from pathlib import Path
from opentelemetry.propagate import extract, inject
from chaos_aura.platform import observe
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.settings import Settings
observer = observe.start(Settings(sys.argv[1], Path(sys.argv[2]), "127.0.0.1:1"))
sender = extract(json.loads(sys.argv[3]))
with step(sys.argv[4], sys.argv[1], request_id="r-1", within=sender) as doing:
    carrier = {}
    inject(carrier)
    doing.output(done=True)
print(json.dumps(carrier))
observer.close()
"""


@pytest.fixture
def nowhere(tmp_path: Path) -> PlacedStack:
    (tmp_path / ".chaos-aura" / "spans").mkdir(parents=True)
    return PlacedStack(Project(tmp_path))


def step_of(name: str, span_id: str, parent: str | None, start_ms: float, **told: Any) -> dict[str, Any]:
    usual = {"trace_id": "t", "component": "worker", "process": "worker", "request_id": "r-1", "duration_us": 1500}
    usual |= {"status": "ok", "error": "", "input": None, "output": None}
    return usual | {"name": name, "span_id": span_id, "parent": parent, "start_ns": int(start_ms * 1e6)} | told


def keep(folder: Path, file: str, *steps: dict[str, Any], torn: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(step, separators=(",", ":")) + "\n" for step in steps)
    with (folder / file).open("a", encoding="utf-8") as spans:
        spans.write(lines + torn)


def kept(folder: Path, *steps: dict[str, Any]) -> tuple[TracedStep, ...]:
    keep(folder, "worker.ndjson", *steps)
    return read_steps(folder, "r-1")


def printed(steps: tuple[TracedStep, ...]) -> list[str]:
    file = io.StringIO()
    print_trace("r-1", steps, _NOBODY, Console(file=file, highlight=False, markup=False))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def run_process(home: Path, process: str, name: str, carrier: str) -> str:
    command = [sys.executable, "-c", _PROCESS, process, str(home), carrier, name]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()[-1]


def test_steps_of_two_processes_are_one_tree(nowhere: PlacedStack) -> None:
    carrier = run_process(nowhere.project.home, "api", "serve", "{}")
    run_process(nowhere.project.home, "worker", "decide", carrier)
    done = nowhere.command("trace", "r-1")
    assert (done.returncode, done.stderr) == (0, "")
    serve, decide = done.stdout.splitlines()[2:4]
    assert (serve.split()[4:6], decide.split()[4:7]) == (["api", "serve"], ["worker", "└─", "decide"])
    document = nowhere.document("trace", "r-1")
    assert [(step["process"], step["name"], step["output"]) for step in document["steps"]] == [
        ("api", "serve", {"done": True}),
        ("worker", "decide", {"done": True}),
    ]
    assert document["steps"][1]["parent"] == document["steps"][0]["span_id"]
    assert document["steps"][0]["start_us"] == 0 < document["steps"][1]["start_us"]


def test_without_a_stack_the_steps_are_shown_and_the_stores_are_away(nowhere: PlacedStack) -> None:
    keep(nowhere.project.home / "spans", "api.ndjson", step_of("serve", "1", None, 1))
    document = nowhere.document("trace", "r-1")
    assert (document["schema"], document["request_id"], document["known"]) == (1, "r-1", True)
    assert list(document["stores"]) == ["temporal", "pool", "neo4j", "redis", "kafka"]
    assert {(store["state"], store["held"] == {}) for store in document["stores"].values()} == {("away", True)}


def test_an_unknown_id_is_one_line(nowhere: PlacedStack) -> None:
    done = nowhere.command("trace", "r-unknown")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: r-unknown: no step of it is kept here, and temporal, pool, neo4j, redis and")
    assert len(done.stderr.splitlines()) == 1
    as_json = nowhere.command("trace", "r-unknown", "--json")
    document = json.loads(as_json.stdout)
    assert (as_json.returncode, document["known"], document["steps"]) == (1, False, [])


def test_an_empty_id_is_bad_input(nowhere: PlacedStack) -> None:
    done = nowhere.command("trace", " ")
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["error: (empty id): names no request; give the id under which it was asked"],
    )


def test_what_is_torn_or_anothers_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "api.ndjson", step_of("serve", "1", None, 1), torn='{"request_id":"r-1","span_id":"2","na')
    keep(tmp_path, "worker.ndjson", step_of("other", "3", None, 2, request_id="r-11"))
    keep(tmp_path, "worker.ndjson", step_of("aside", "4", None, 2, request_id="r-2", input={"like": "r-1"}))
    keep(tmp_path, "worker.ndjson", torn=f'["r-1"]\n"r-1"\n{"x" * 600_000} r-1\n\0\0\0')
    keep(tmp_path, "worker.ndjson", torn="\n")
    keep(tmp_path, "worker.ndjson", step_of("decide", "5", "1", 3))
    assert [step.name for step in read_steps(tmp_path, "r-1")] == ["serve", "decide"]


def test_a_former_file_is_read_too_and_no_step_twice(tmp_path: Path) -> None:
    keep(tmp_path, "worker.1.ndjson", step_of("first", "1", None, 1), step_of("second", "2", None, 2))
    keep(tmp_path, "worker.ndjson", step_of("second", "2", None, 2), step_of("third", "3", None, 3))
    assert [step.name for step in read_steps(tmp_path, "r-1")] == ["first", "second", "third"]


def test_no_folder_is_no_step(tmp_path: Path) -> None:
    assert read_steps(tmp_path / "spans", "r-1") == ()


def test_a_long_file_needs_no_memory(tmp_path: Path) -> None:
    line = json.dumps(step_of("other", "0", None, 0, request_id="r-2")) + "\n"
    with (tmp_path / "worker.ndjson").open("w", encoding="utf-8") as file:
        for _ in range(60):
            file.write(line * 1000)
        file.write("\0" * 5_000_000)
    keep(tmp_path, "worker.ndjson", torn="\n")
    keep(tmp_path, "worker.ndjson", step_of("mine", "1", None, 1))
    tracemalloc.start()
    try:
        steps = read_steps(tmp_path, "r-1")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [step.name for step in steps] == ["mine"]
    assert peak < 3_000_000 < (tmp_path / "worker.ndjson").stat().st_size


def test_the_tree_is_in_time_order_with_errors_beside_their_steps(tmp_path: Path) -> None:
    steps = kept(
        tmp_path,
        step_of("write neo4j", "4", "2", 30, status="error", error="BreakerOpen: not asked", duration_us=20_500_000),
        step_of("decide", "3", "2", 12.25, input={"count": 2, "type": "a100"}, output={"by": "majority"}),
        step_of("run", "2", "1", 10),
        step_of("serve", "1", None, 9),
        step_of("release", "5", "lost", 3_600_009),
    )
    assert printed(steps)[1:7] == [
        "  start    took  component  step               input and output",
        " 0.0 ms  1.5 ms  worker     serve",
        " 1.0 ms  1.5 ms  worker     └─ run",
        " 3.2 ms  1.5 ms  worker        ├─ decide       count=2 type=a100 -> by=majority",
        "21.0 ms  20.5 s  worker        └─ write neo4j  error: BreakerOpen: not asked",
        "  1.0 h  1.5 ms  worker     release",
    ]


def test_steps_alike_are_folded(tmp_path: Path) -> None:
    tries = [step_of("write", f"w{number}", "1", 2 + number, status="error", error="away") for number in range(40)]
    looks = [step_of("GET", f"g{number}", None, 100 + number) for number in range(4)]
    steps = kept(tmp_path, step_of("run", "1", None, 1), *tries, step_of("write", "w", "1", 90), *looks)
    rows = [line.partition("worker")[2].strip() or line.strip() for line in printed(steps)[2:10]]
    assert [row.split("  ")[0] for row in rows] == [
        "run", "├─ write", "├─ ... 38 more alike", "├─ write", "└─ write", "GET", "... 2 more alike", "GET",
    ]  # fmt: skip


def test_what_a_request_carries_cannot_steer_a_terminal(tmp_path: Path) -> None:
    nasty = "\x1b[2J\r\n[red]"
    steps = kept(tmp_path, step_of(nasty, "1", None, 1, error=nasty, status="error", input={"a": nasty, "b": [nasty]}))
    told = "\n".join(printed(steps))
    assert "\x1b" not in told
    assert "\r" not in told
    assert "[red]" in told


def api(stack: RunningStack, method: str, path: str, document: object = None, **headers: str) -> int:
    data = None if document is None else json.dumps(document).encode()
    uri = stack.catalogue.service("api").uri
    request = Request(uri + path, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urlopen(request, timeout=_ANSWERS_WITHIN_S) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def ask(stack: RunningStack, **asked: Any) -> tuple[str, int]:
    """Of one request. One that a busy machine lets nobody decide in time (202) is decided a moment later."""

    def attempt() -> tuple[str, int] | None:
        request_id = f"traced-{uuid.uuid4()}"
        usual = {"tenant": f"tenant-{request_id}", "gpu_type": "t4", "count": 1, "hours": 1}
        status = api(stack, "POST", "/allocations", usual | asked | {"request_id": request_id})
        return None if status == _AGAIN else (request_id, status)

    answered = wait_until(attempt, _RECORDED_WITHIN_S, "somebody is let in")
    assert answered
    return answered


def give_back(stack: RunningStack, request_id: str) -> None:
    """As often as it takes: on a busy machine nobody may answer in time."""
    tenant = {"X-Tenant": f"tenant-{request_id}"}
    path = f"/allocations/{request_id}"
    wait_until(lambda: api(stack, "DELETE", path, **tenant) in (200, 409), _RECORDED_WITHIN_S, "it is given back")


def traced_when(
    stack: RunningStack, request_id: str, steps: frozenset[str] = frozenset(), **states: str
) -> dict[str, Any]:
    """Once these stores say so, and these steps are written, each with the step it is a part of.

    A span is kept for half a second before it is written, and a step ends before what it is a part of does.
    """
    place = PlacedStack(stack.project)
    seen: dict[str, Any] = {}

    def is_so() -> bool:
        seen.update(place.document("trace", request_id))
        told = {step["name"] for step in seen["steps"]}
        written = {step["span_id"] for step in seen["steps"]} | {None}
        whole = all(step["parent"] in written for step in seen["steps"])
        stores = all(seen["stores"][store]["state"] == state for store, state in states.items())
        return whole and steps <= told and stores

    try:
        wait_until(is_so, _RECORDED_WITHIN_S, f"{states}")
    except AssertionError:
        pytest.fail(f"not {states} and {set(steps)}, but {seen}")
    return seen


def kinds_in(document: dict[str, Any]) -> list[str]:
    """Written twice, an event is still one."""
    events = {event["event_id"]: event for event in document["stores"]["kafka"]["held"]["events"]}
    return [event["kind"].removeprefix("allocation.") for event in events.values()]


def test_a_granted_request_is_told_from_end_to_end(stack: RunningStack) -> None:
    request_id, status = ask(stack)
    assert status in (201, 202)
    expected = frozenset({"POST /allocations", "decide", "take GPUs", "write neo4j", "write kafka"})
    document = traced_when(stack, request_id, expected, temporal="found", pool="found", neo4j="found", kafka="found")
    steps = {step["name"]: step for step in document["steps"]}
    known = {step["span_id"] for step in document["steps"]}
    assert [step["name"] for step in document["steps"] if step["parent"] not in known] == ["POST /allocations"]
    assert {step["process"] for step in document["steps"]} >= {"api", "worker"}
    assert steps["take GPUs"]["output"]["gpu_ids"] == document["stores"]["pool"]["held"]["gpu_ids"]
    stores = document["stores"]
    assert stores["temporal"]["held"]["status"] == "running"
    assert stores["neo4j"]["held"]["allocation"]["state"] == "granted"
    assert len(stores["neo4j"]["held"]["allocation"]["decision"]["votes"]) == 3
    assert kinds_in(document) == ["requested", "decided", "granted"]
    assert len({event["partition"] for event in stores["kafka"]["held"]["events"]}) == 1
    shown = PlacedStack(stack.project).command("trace", request_id)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"{', '.join(stores['pool']['held']['gpu_ids'])} for tenant-{request_id}" in shown.stdout
    give_back(stack, request_id)


def test_a_released_request_holds_nothing_any_more(stack: RunningStack) -> None:
    request_id, status = ask(stack)
    assert status in (201, 202)
    traced_when(stack, request_id, pool="found")  # given back before it is granted, it would be refused
    give_back(stack, request_id)
    wait_until(lambda: len(kinds_in(traced_when(stack, request_id, kafka="found"))) == 4, 60, "released is told")
    expected = frozenset({"give GPUs back", "DELETE /allocations/{allocation_id}"})
    document = traced_when(stack, request_id, expected, temporal="found", pool="nothing", neo4j="found")
    assert kinds_in(document) == ["requested", "decided", "granted", "released"]


def test_a_refused_request_says_why(stack: RunningStack) -> None:
    request_id, status = ask(stack, count=900)
    assert status in (409, 202)
    expected = frozenset({"write kafka"})
    document = traced_when(stack, request_id, expected, temporal="found", pool="nothing", neo4j="found", kafka="found")
    assert document["stores"]["neo4j"]["held"]["allocation"]["decision"]["reason"] == "no_capacity"
    assert kinds_in(document) == ["requested", "decided", "refused"]


def test_every_line_of_a_request_bears_its_id(stack: RunningStack) -> None:
    request_id, status = ask(stack)
    assert status in (201, 202)
    log = stack.project.log("api")
    mine = wait_until(
        lambda: [line for line in log.read_text(encoding="utf-8").splitlines() if request_id in line],
        _RECORDED_WITHIN_S,
        "the API tells of it",
    )
    assert {json.loads(line)["request_id"] for line in mine} == {request_id}
    for member in ("api", "worker", "projection"):
        for line in stack.project.log(member).read_text(encoding="utf-8").splitlines():
            assert {"time", "level", "process", "event"} <= json.loads(line).keys(), line
    give_back(stack, request_id)


def test_an_id_that_no_store_knows_is_one_line(stack: RunningStack) -> None:
    request_id = f"nobodys-{uuid.uuid4()}"

    def asked() -> "subprocess.CompletedProcess[str] | None":
        done = PlacedStack(stack.project).command("trace", request_id)
        return None if "cannot be asked" in done.stderr else done

    done = wait_until(asked, _RECORDED_WITHIN_S, "each store answers in time")
    assert done
    assert (done.returncode, done.stdout) == (1, "")
    why = "no step of it is kept here, and no store knows it; look at the id: nobody asked under this one"
    assert done.stderr == f"error: {request_id}: {why}\n"


def test_a_store_that_is_away_is_told_and_the_others_are_shown(stack: RunningStack) -> None:
    request_id, status = ask(stack)
    assert status in (201, 202)
    traced_when(stack, request_id, temporal="found", pool="found", neo4j="found", kafka="found")
    with paused(stack, "neo4j"):
        document = traced_when(stack, request_id, temporal="found", pool="found", kafka="found")
        shown = PlacedStack(stack.project).command("trace", request_id)
    neo4j = document["stores"]["neo4j"]
    assert (neo4j["state"], neo4j["why"] != "", neo4j["held"]) == ("away", True, {})
    assert (shown.returncode, "away" in shown.stdout) == (0, True)
    give_back(stack, request_id)
    wait_until(lambda: is_well(stack), 60, "all are healthy again")
