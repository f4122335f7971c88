"""`chaos-aura runs`: what was run here, as a person and as a program see it."""

from collections.abc import Callable

import pytest
from kept_run_folders import keep
from local_stack import PlacedStack
from run_results import OUTCOMES

Place = Callable[..., PlacedStack]


@pytest.fixture
def here(place: Place) -> PlacedStack:
    one = place()
    for number, outcome in enumerate(OUTCOMES):
        keep(one.project.home, f"20261129T09301{number}-neo4j_down", outcome)
    keep(one.project.home, "20261129T100000-redis_down", None)
    return one


def test_each_is_a_line_newest_first(here: PlacedStack) -> None:
    done = here.command("runs")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["run", "outcome", "began", "took", "recovered"]
    assert [line.split()[0] for line in lines] == [row["id"] for row in here.document("runs")["runs"]]
    assert lines[-1].split()[1] == "passed"
    assert lines[-1].endswith("71 s     2.31 s")
    assert lines[0].startswith("20261129T100000-redis_down")
    assert " no result " in lines[0]


def test_a_program_gets_every_figure(here: PlacedStack) -> None:
    document = here.document("runs")
    rows = document["runs"]
    assert document["schema"] == 1
    assert [row["outcome"] for row in rows] == [None, *reversed(OUTCOMES)]
    assert [row["verdict"] for row in rows[1:]] == [*reversed(OUTCOMES.values())]
    assert rows[0] | {"folder": "", "title": ""} == {
        "id": "20261129T100000-redis_down", "outcome": None, "verdict": None, "took_s": None, "recovered_s": None,
        "began_at": "2026-11-29T09:30:12.120+00:00", "folder": "", "title": "",
    }  # fmt: skip
    assert rows[0]["title"] == "the title of 20261129T100000-redis_down"
    assert (rows[-1]["recovered_s"], rows[-1]["took_s"]) == (2.31, 71.3)


def test_where_nothing_was_run(place: Place) -> None:
    one = place("nowhere")
    done = one.command("runs")
    assert (done.returncode, done.stdout) == (0, "no run is kept here; run one: chaos run EXPERIMENT\n")
    assert one.document("runs") == {"schema": 1, "runs": []}
    assert list(one.project.root.iterdir()) == []
