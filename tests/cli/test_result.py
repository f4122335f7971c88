"""`chaos-aura result`: one run again; its exit code says whether it passed, and nothing else does."""

import json
from collections.abc import Callable

import pytest
from kept_run_folders import keep
from local_stack import PlacedStack
from run_results import result_of

from chaos_aura.report.summary import summary

_RUN = "20261129T093012-neo4j_down"


@pytest.fixture
def here(place: Callable[..., PlacedStack]) -> PlacedStack:
    one = place()
    ours = {name: value for name, value in one.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR")}
    return PlacedStack(one.project, ours)


@pytest.mark.parametrize("outcome", ["passed", "failed", "inconclusive"])
def test_the_exit_code_is_0_only_for_a_pass(here: PlacedStack, outcome: str) -> None:
    folder = keep(here.project.home, _RUN, outcome)
    done = here.command("result")
    assert (done.returncode, done.stderr) == (0 if outcome == "passed" else 1, "")
    assert done.stdout == summary(result_of(outcome) | {"folder": str(folder)}, 80, False)


def test_a_pass_that_only_the_outcome_claims_is_none(here: PlacedStack) -> None:
    keep(here.project.home, _RUN, "passed", verdict=None)
    done = here.command("result")
    assert done.returncode == 1
    assert done.stdout.startswith("UNKNOWN")


def test_it_is_found_by_the_beginning_of_its_id_and_told_as_a_document(here: PlacedStack) -> None:
    folder = keep(here.project.home, _RUN, "failed")
    keep(here.project.home, "20261130T093012-redis_down", "passed")
    done = here.command("result", "20261129", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_a_folder_that_was_moved_is_told_where_it_is_now(here: PlacedStack) -> None:
    folder = keep(here.project.home, _RUN, "passed", folder="/where/it/was")
    assert f"report       {folder}\n" in here.command("result").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (),
            f"{_RUN}: its result is not there: it goes on still, or was killed; see: chaos-aura runs",
        ),
        (("nope",), f"nope: no such run is kept here; there are: {_RUN}"),
    ],
)
def test_bad_input_is_one_clear_line(here: PlacedStack, words: tuple[str, ...], said: str) -> None:
    keep(here.project.home, _RUN, None)
    done = here.command("result", *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {said}\n")


def test_where_nothing_was_run(here: PlacedStack) -> None:
    done = here.command("result", "latest")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: latest: no run is kept here; run one: chaos run EXPERIMENT\n"
    assert list(here.project.root.iterdir()) == []


def test_a_stream_that_knows_ascii_only_gets_the_verdict_all_the_same(here: PlacedStack) -> None:
    keep(here.project.home, _RUN, "passed")
    ascii_only = PlacedStack(here.project, here.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    done = ascii_only.command("result")
    assert (done.returncode, done.stderr) == (0, "")
    assert "+ recovery, + consistency" in done.stdout


@pytest.mark.parametrize(("environ", "has_colour"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_as_the_user_wants_it(here: PlacedStack, environ: dict[str, str], has_colour: bool) -> None:
    keep(here.project.home, _RUN, "passed")
    wanted = PlacedStack(here.project, here.environ | {"FORCE_COLOR": "1", "TERM": "xterm"} | environ)
    assert ("\x1b[1;37;42m" in wanted.command("result").stdout) is has_colour
