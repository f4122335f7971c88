"""The runs that are kept: which, in which order, and one of them by what a person types."""

from pathlib import Path

import pytest
from kept_run_folders import keep

from chaos_aura.core.errors import BadInput
from chaos_aura.report.kept_runs import chosen, kept_runs

_FIRST, _SECOND, _THIRD = "20261129T093012-neo4j_down", "20261129T093512-redis_down", "20261130T070000-neo4j_down"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep(tmp_path, _SECOND, "failed")
    keep(tmp_path, _FIRST, "passed")
    keep(tmp_path, _THIRD, None)
    return tmp_path


def test_they_are_newest_first_and_the_link_is_none_of_them(home: Path) -> None:
    assert [run.id for run in kept_runs(home)] == [_THIRD, _SECOND, _FIRST]


def test_nothing_was_run_yet(tmp_path: Path) -> None:
    assert kept_runs(tmp_path) == ()
    with pytest.raises(BadInput, match="no run is kept here; run one: chaos run EXPERIMENT"):
        chosen((), "latest")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("latest", _THIRD), (_FIRST, _FIRST), ("20261130", _THIRD), ("20261129T0935", _SECOND)],
)
def test_one_is_found(home: Path, wanted: str, found: str) -> None:
    assert chosen(kept_runs(home), wanted).id == found


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("20261129", "means 2 runs; write more of it: "),
        ("nope", "no such run is kept here; there are: "),
        ("../runs", "no such run is kept here"),
        ("", r"\(empty id\): no such run"),
    ],
)
def test_what_means_none_or_several_is_refused(home: Path, wanted: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        chosen(kept_runs(home), wanted)


def test_an_id_that_is_the_beginning_of_another_is_found(home: Path) -> None:
    keep(home, f"{_FIRST}-2", "passed")
    assert chosen(kept_runs(home), _FIRST).id == _FIRST


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_result_that_cannot_be_read_is_none(home: Path, spoiled: bytes) -> None:
    (home / "runs" / _FIRST / "result.json").write_bytes(spoiled)
    run = chosen(kept_runs(home), _FIRST)
    assert run.result is None
    assert run.why_no_result == "cannot be read"
    assert run.began_at == "2026-11-29T09:30:12.120+00:00"


def test_one_without_a_result_says_so(home: Path) -> None:
    assert chosen(kept_runs(home), _THIRD).why_no_result == "is not there: it goes on still, or was killed"
