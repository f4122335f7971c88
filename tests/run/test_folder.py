import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from chaos_aura.core.errors import MachineLacks
from chaos_aura.run.folder import RunFolder, new_tag

_BEGAN = datetime(2026, 11, 29, 9, 30, 12, tzinfo=UTC)


def test_it_is_named_by_its_moment_in_utc_and_what_it_is_of(tmp_path: Path) -> None:
    elsewhere = _BEGAN.astimezone(timezone(timedelta(hours=5)))
    folder = RunFolder.make(tmp_path, "neo4j_down", elsewhere)
    assert folder.id == "20261129T093012-neo4j_down"
    assert (tmp_path / "runs" / "latest").resolve() == folder.path
    assert folder.path.stat().st_mode & 0o077 == 0, "what a run has seen is nobody else's"


def test_two_of_the_same_second_have_two_and_the_newest_is_the_latest(tmp_path: Path) -> None:
    first, second = (RunFolder.make(tmp_path, "a", _BEGAN) for _ in range(2))
    assert second.id == f"{first.id}-2"
    assert (tmp_path / "runs" / "latest").resolve() == second.path


@pytest.mark.parametrize("name", ["../../etc/passwd", "ein Versuch: Größe/…", "", "///", "x" * 300])
def test_whatever_it_is_called_it_lies_among_the_others(tmp_path: Path, name: str) -> None:
    folder = RunFolder.make(tmp_path, name, _BEGAN)
    assert folder.path.parent == tmp_path / "runs"
    assert re.fullmatch(r"20261129T093012-[A-Za-z0-9_-]{1,40}", folder.id)


def test_where_it_cannot_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no folder")
    with pytest.raises(MachineLacks):
        RunFolder.make(tmp_path, "a", _BEGAN)


def test_a_document_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = RunFolder.make(tmp_path, "a", _BEGAN)
    folder.write(folder.result, {"outcome": "failed"})

    class Unsayable:
        def __str__(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        folder.write(folder.result, {"outcome": "passed", "more": Unsayable()})
    assert json.loads(folder.result.read_text()) == {"outcome": "failed"}
    folder.result.unlink()
    folder.result.mkdir()
    with pytest.raises(MachineLacks, match=r"result\.json"):
        folder.write(folder.result, {})


def test_histories_come_in_order_and_nothing_else_does(tmp_path: Path) -> None:
    folder = RunFolder.make(tmp_path, "a", _BEGAN)
    for name in ("history-w2.jsonl", "history-w1.jsonl", "samples.jsonl"):
        (folder.path / name).touch()
    assert [path.name for path in folder.histories()] == ["history-w1.jsonl", "history-w2.jsonl"]


def test_no_two_runs_have_one_tag_and_each_may_begin_a_name() -> None:
    tags = {new_tag() for _ in range(1000)}
    assert len(tags) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{10}", tag) for tag in tags)
