from collections.abc import Callable
from pathlib import Path

import pytest

from chaos_aura.run.service_logs import Marks
from chaos_aura.stack.supervisor.rotation import cut, put_aside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    return made


def test_only_what_was_written_meanwhile_is_copied(folder: Path, tmp_path: Path) -> None:
    (folder / "redis.log").write_text("before\n")
    (folder / "quiet.log").write_text("before\n")
    (folder / "other.txt").write_text("before\n")
    marks = Marks(folder, "*.log")
    with (folder / "redis.log").open("a") as file:
        file.write("meanwhile\n")
    (folder / "new.log").write_text("all of it\n")
    copied = marks.copy_since(tmp_path / "kept")
    assert copied == {"new.log": 10, "quiet.log": 0, "redis.log": 10}
    kept = {path.name: path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert kept == {"new.log": "all of it\n", "redis.log": "meanwhile\n"}


def test_one_that_was_rotated_or_cut_is_taken_from_its_beginning(folder: Path, tmp_path: Path) -> None:
    for name in ("rotated.log", "cut.log"):
        (folder / name).write_text("long before this run\n")
    marks = Marks(folder, "*.log")
    (folder / "rotated.log").rename(folder / "rotated.log.1")
    (folder / "rotated.log").write_text("another file that is longer than the one before\n")
    (folder / "cut.log").write_text("short\n")
    marks.copy_since(tmp_path / "kept")
    assert (tmp_path / "kept" / "rotated.log").read_text().startswith("another file")
    assert (tmp_path / "kept" / "cut.log").read_text() == "short\n"


def test_one_that_was_renamed_meanwhile_is_told_from_where_it_was(folder: Path, tmp_path: Path) -> None:
    """Spans rotate while a run goes on: those of the run before are not this run's."""
    (folder / "worker.ndjson").write_text("before\n")
    marks = Marks(folder, "*.ndjson")
    with (folder / "worker.ndjson").open("a") as file:
        file.write("meanwhile\n")
    (folder / "worker.ndjson").rename(folder / "worker.1.ndjson")
    (folder / "worker.ndjson").write_text("after the turn\n")
    marks.copy_since(tmp_path / "kept")
    kept = {path.name: path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert kept == {"worker.1.ndjson": "meanwhile\n", "worker.ndjson": "after the turn\n"}


@pytest.mark.parametrize("set_aside", [put_aside, cut])
def test_what_the_supervisor_sets_aside_is_told_from_where_the_run_began(
    folder: Path, tmp_path: Path, set_aside: Callable[[Path, int], object]
) -> None:
    log = folder / "api.log"
    log.write_text("".join(f"before {number}\n" for number in range(200)))
    marks = Marks(folder, "*.log*")
    with log.open("a") as file:
        file.write("meanwhile\n")
    set_aside(log, 1000)
    with log.open("a") as file:
        file.write("after the turn\n")
    marks.copy_since(tmp_path / "kept")
    kept = {path.name: path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert kept == {"api.log.1": "meanwhile\n", "api.log": "after the turn\n"}


def test_a_new_file_with_the_number_of_one_that_is_gone_is_taken_whole(folder: Path, tmp_path: Path) -> None:
    """As the same file written anew is: a name and a number stay, what stands in it does not."""
    (folder / "a.log").write_text("before\n")
    marks = Marks(folder, "*.log")
    (folder / "a.log").write_text("quite another\n")
    marks.copy_since(tmp_path / "kept")
    assert (tmp_path / "kept" / "a.log").read_text() == "quite another\n"


def test_of_a_flood_the_end_is_kept(folder: Path, tmp_path: Path) -> None:
    marks = Marks(folder, "*.log", 4)
    (folder / "a.log").write_text("flooded")
    assert marks.copy_since(tmp_path / "kept") == {"a.log": 4}
    assert (tmp_path / "kept" / "a.log").read_text() == "oded"


def test_what_cannot_be_copied_stops_nothing(folder: Path, tmp_path: Path) -> None:
    assert Marks(tmp_path / "nowhere", "*.log").copy_since(tmp_path / "kept") == {}
    marks = Marks(folder, "*.log")
    for name in ("a.log", "b.log"):
        (folder / name).write_text("x")
    (tmp_path / "kept" / "a.log").mkdir(parents=True)
    assert marks.copy_since(tmp_path / "kept") == {"b.log": 1}
