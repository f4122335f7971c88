"""The commands as a person and as a program meet them: words, documents, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from awaiting import wait_until
from hurting import is_well, paused
from local_stack import ALL, PlacedStack, chaos_aura

from chaos_aura.cli.main import COMMANDS
from chaos_aura.core.project import Project
from chaos_aura.stack.running import RunningStack

Place = Callable[..., PlacedStack]
type Done = subprocess.CompletedProcess[str]
_WITHIN_S = 60
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")


@pytest.fixture
def here(stack: RunningStack) -> PlacedStack:
    return PlacedStack(stack.project)


@pytest.fixture
def nowhere(place: Place) -> PlacedStack:
    return place("nowhere")


@pytest.fixture
def without_redis(stack: RunningStack) -> Iterator[RunningStack]:
    stack.supervisor.stop("redis")
    wait_until(lambda: stack.supervisor.children()["redis"].process is None, _WITHIN_S, "redis is stopped")
    yield stack
    stack.supervisor.start("redis")
    wait_until(lambda: is_well(stack), _WITHIN_S, "all is healthy again")


def healthy(document: dict[str, Any]) -> dict[str, Any]:
    return document if document["healthy"] and document.get("was_up", True) else {}


def well_status(here: PlacedStack) -> Done:
    """On a busy machine a service may be silent for a moment, and then that is told."""

    def attempt() -> Done | None:
        done = here.command("status")
        return done if done.returncode == 0 else None

    done = wait_until(attempt, _WITHIN_S, "all is healthy")
    assert done
    return done


@pytest.mark.parametrize("name", COMMANDS)
def test_the_sentence_of_a_command_is_its_own(name: str) -> None:
    function = getattr(import_module(f"chaos_aura.cli.{name}"), name)
    assert function.__doc__.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(nowhere: PlacedStack, name: str) -> None:
    done = nowhere.command(name, "--help")
    assert done.returncode == 0
    assert COMMANDS[name] in " ".join(done.stdout.split())


def test_help_imports_no_command_and_nothing_heavy() -> None:
    """Help must be there at once: what it imports is what it costs."""
    script = "import sys; sys.argv[1:] = ['--help']; from chaos_aura.cli import main\ntry: main.main()\nfinally: "
    script += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert "chaos_aura.cli.main" in imported
    heavy = {"rich", "chaoslib", "httpx", "asyncio", "neo4j", "redis", "kafka", "temporalio", "jpype", "jgo"}
    heavy |= {"importlib.metadata", "chaos_aura.stack", *(f"chaos_aura.cli.{name}" for name in COMMANDS)}
    assert imported & heavy == set()


def test_status_tells_every_service(here: PlacedStack) -> None:
    done = well_status(here)
    assert done.stderr == ""
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if " healthy " in line}
    for name in ALL:
        assert _ADDRESS.search(rows[name])
        assert re.search(r"in \d+\.\d ms", rows[name])


def test_status_as_a_document_agrees_with_the_stack(here: PlacedStack, stack: RunningStack) -> None:
    document = wait_until(lambda: healthy(here.document("status")), _WITHIN_S, "all is healthy")
    assert (document["schema"], document["running"], document["healthy"]) == (1, True, True)
    children = stack.supervisor.children()
    for row in document["services"]:
        child = children[row["name"]]
        assert child.process is not None
        assert row["pid"] == child.process.pid
        assert row["address"] == stack.catalogue.service(row["name"]).uri
        assert row["version"]
        assert row["latency_s"] > 0
        assert row["uptime_s"] > 0
    assert {edge["name"]: edge["uri"] for edge in document["edges"]} == {e.name: e.uri for e in stack.catalogue.edges}


def test_status_of_a_stopped_service_says_what_to_do(here: PlacedStack, without_redis: RunningStack) -> None:
    done = here.command("status")
    assert done.returncode == 1
    assert re.search(r"^redis +down ", done.stdout, re.MULTILINE)
    assert "redis: exited with 0; run: chaos-aura up" in done.stdout

    def is_all_else_well() -> bool:
        document = here.document("status")
        assert document["healthy"] is False
        unwell = {row["name"] for row in document["services"] if row["state"] != "healthy"}
        assert "redis" in unwell
        return unwell <= {"redis", "projection"}  # which can do nothing without it

    wait_until(is_all_else_well, _WITHIN_S, "all is well but Redis and who needs it")


def test_status_of_a_paused_service_is_unhealthy(here: PlacedStack, stack: RunningStack) -> None:
    with paused(stack, "toxiproxy"):
        done = here.command("status")
    assert done.returncode == 1
    assert re.search(r"^toxiproxy +unhealthy ", done.stdout, re.MULTILINE)
    assert "look at: chaos-aura logs toxiproxy" in done.stdout


@pytest.mark.timeout(300)  # forty commands, on processors that others use too
def test_status_never_fails_at_exit(here: PlacedStack) -> None:
    with ThreadPoolExecutor(max_workers=4) as side_by_side:
        done = list(side_by_side.map(lambda _: here.command("status", "--json"), range(40)))
    # Forty at once may keep a service from answering: then that is told, and the code says so.
    codes = [0 if json.loads(one.stdout)["healthy"] else 1 for one in done]
    assert [one.returncode for one in done] == codes
    assert [one.stderr for one in done if one.stderr] == []
    assert len(done) == 40
    assert 0 in codes


def test_an_address_is_that_of_the_catalogue(here: PlacedStack, stack: RunningStack) -> None:
    for target in (*stack.catalogue.services, *stack.catalogue.edges):
        if target.name in ("api", "neo4j", "load.api", "worker.kafka"):
            done = here.command("address", target.name)
            assert (done.returncode, done.stdout, done.stderr) == (0, f"{target.uri}\n", "")
    done = here.command("address", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: nobody: no such target; there are: redis, kafka, ")


def test_an_address_without_a_stack(nowhere: PlacedStack) -> None:
    done = nowhere.command("address", "api")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: stack of {nowhere.project.root}: is not running; run: chaos-aura up\n"


def test_status_without_a_stack(nowhere: PlacedStack) -> None:
    done = nowhere.command("status")
    assert done.returncode == 1
    assert done.stderr == f"error: stack of {nowhere.project.root}: is not running; run: chaos-aura up\n"
    assert nowhere.document("status")["running"] is False
    assert list(nowhere.project.root.iterdir()) == []


def test_up_as_a_document(here: PlacedStack) -> None:
    document = wait_until(lambda: healthy(here.document("up")), _WITHIN_S, "all was healthy and is")
    assert document["was_up"] is True
    assert document["healthy"] is True


def test_up_when_up_says_so(here: PlacedStack) -> None:
    def is_said() -> bool:
        done = here.command("up")
        assert done.returncode == 0
        return "up already" in done.stdout

    wait_until(is_said, _WITHIN_S, "it says so, once nothing is silent for a moment")


def test_a_stack_is_found_from_a_folder_below(here: PlacedStack) -> None:
    below = here.project.root / "some" / "where"
    below.mkdir(parents=True, exist_ok=True)
    well_status(PlacedStack(Project(below)))


def test_a_named_project_is_used_from_anywhere(here: PlacedStack, nowhere: PlacedStack) -> None:
    environ = {**os.environ, "CHAOS_AURA_PROJECT": str(here.project.root)}
    well_status(PlacedStack(nowhere.project, environ))
    missing = PlacedStack(nowhere.project, {**environ, "CHAOS_AURA_PROJECT": "/no/such"}).command("status")
    assert missing.returncode == 2
    assert missing.stderr == ("error: CHAOS_AURA_PROJECT: /no/such is not a folder; name an existing one or unset it\n")


def test_down_without_a_stack_is_no_error(nowhere: PlacedStack) -> None:
    done = nowhere.command("down", "--purge")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "was not running")


def test_down_ends_a_supervisor_that_answers_no_more(place: Place) -> None:
    one = place()
    one.up("redis", "toxiproxy")
    os.kill(one.running().supervisor.pid(), signal.SIGSTOP)
    done = one.command("down")
    assert (done.returncode, done.stdout) == (0, "down\n"), done.stderr
    wait_until(lambda: not one.processes(), _WITHIN_S, "none of its processes is left")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["up", "redi"], f"redi: no such service; there are: {', '.join(ALL)}\n"),
        (["up", "--workers", "0"], "Invalid value for '--workers'"),
        (["up", "--workers", "9"], "Invalid value for '--workers'"),
        (["up", "--timeout", "0"], "Invalid value for '--timeout'"),
        (["up", "--timeout", "soon"], "Invalid value for '--timeout'"),
        (["status", "--nope"], "--nope"),
        (["logs"], "Missing argument"),
        (["logs", "redis"], "redis: has no log here; run: chaos-aura up"),
        (["logs", "../../etc/passwd"], "has no log here"),
    ],
)
def test_bad_input_is_one_clear_line(nowhere: PlacedStack, words: list[str], said: str) -> None:
    done = nowhere.command(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert list(nowhere.project.root.iterdir()) == []


def test_an_inventory_that_is_none_is_refused_before_anything_is_done(nowhere: PlacedStack) -> None:
    environ = {**os.environ, "CHAOS_AURA_INVENTORY": "t4=20,rtx=3"}
    done = PlacedStack(nowhere.project, environ).command("up")
    said = (
        "error: CHAOS_AURA_INVENTORY: knows no GPU type 'rtx'; name some of t4, v100, a100, h100 with a number, such as"
    )
    assert (done.returncode, done.stderr) == (2, f"{said} t4=20,v100=10, or unset it\n")
    assert list(nowhere.project.root.iterdir()) == []


def test_a_folder_that_cannot_hold_a_stack(nowhere: PlacedStack) -> None:
    (nowhere.project.root / ".chaos-aura").write_text("in the way", encoding="utf-8")
    done = nowhere.command("up")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr
    (nowhere.project.root / ".chaos-aura").unlink()


def test_logs_show_the_end_and_go_on_with_what_is_added(here: PlacedStack, stack: RunningStack) -> None:
    done = here.command("logs", "supervisor", "-n", "1")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    following = subprocess.Popen(
        chaos_aura("logs", "supervisor", "--follow", "-n", "1000"),
        cwd=here.project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with following:
        assert following.stdout is not None
        assert done.stdout in iter(following.stdout.readline, "")
        stack.supervisor.restart("redis")
        line = next(line for line in following.stdout if "redis: " in line)
        following.send_signal(signal.SIGINT)
        assert following.wait(timeout=20) == 0
    assert "started as process" in line or "stopp" in line or "exited" in line
    wait_until(lambda: is_well(stack), _WITHIN_S, "all is healthy again")


def test_an_unknown_log_names_the_known_ones(here: PlacedStack) -> None:
    done = here.command("logs", "mongo")
    assert done.returncode == 2
    assert "there are: " in done.stderr
    assert "neo4j" in done.stderr


def test_a_reader_that_goes_away_is_no_error(here: PlacedStack) -> None:
    command = subprocess.Popen(
        chaos_aura("status", "--json"), cwd=here.project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == ""


def test_the_catalogue_is_read_by_strangers(stack: RunningStack) -> None:
    document = json.loads(stack.project.catalogue.read_text(encoding="utf-8"))
    assert document["schema"] == 1
    assert {row["name"] for row in document["services"]} == set(ALL)
    assert all(_ADDRESS.fullmatch(row["address"]) for row in (*document["services"], *document["edges"]))
