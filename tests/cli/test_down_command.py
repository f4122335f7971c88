"""`chaos-aura down`: what it removes, and what it says of it."""

import os
from pathlib import Path

import pytest
from local_stack import PlacedStack

from chaos_aura.core.project import Project
from chaos_aura.report.kept_runs import RUNS, kept_runs


@pytest.fixture
def one(tmp_path: Path) -> PlacedStack:
    (tmp_path / "project").mkdir()
    return PlacedStack(Project(tmp_path / "project"), dict(os.environ))


def test_where_nothing_was_nothing_is_removed(one: PlacedStack) -> None:
    done = one.command("down", "--purge")
    assert (done.returncode, done.stdout, done.stderr) == (0, "was not running\n", "")


def test_a_purge_removes_the_folder(one: PlacedStack) -> None:
    one.project.make()
    done = one.command("down", "--purge")
    assert (done.returncode, done.stdout) == (0, f"was not running\nremoved {one.project.home}\n")
    assert list(one.project.root.iterdir()) == []


@pytest.mark.parametrize(("runs", "told"), [(1, "1 run"), (2, "2 runs")])
def test_a_purge_says_that_the_records_of_runs_go_too(one: PlacedStack, runs: int, told: str) -> None:
    one.project.make()
    for number in range(runs):
        (one.project.home / RUNS / f"2026-{number}").mkdir(parents=True)
    assert one.command("down").stdout == "was not running\n"
    assert len(kept_runs(one.project.home)) == runs
    done = one.command("down", "--purge")
    assert done.stdout.endswith(f"removed {one.project.home}, with the records of {told}\n")


def test_a_purge_of_a_link_removes_what_it_leads_to(one: PlacedStack, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    one.project.home.symlink_to(tmp_path / "elsewhere")
    one.project.make()
    done = one.command("down", "--purge")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(one.project.root.iterdir()) == []
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_killed_job_left_is_removed_and_data_are_not(one: PlacedStack) -> None:
    one.project.make()
    (one.project.home / "training" / "neo4j").mkdir(parents=True)
    one.project.data("redis").mkdir()
    assert one.command("down").returncode == 0
    assert not (one.project.home / "training").exists()
    assert one.project.data("redis").exists()
