"""Whether all faults are over, as a glance tells it: never when the ledger itself would say otherwise."""

from pathlib import Path

import pytest
from test_ledger import lease, nothing, written

from chaos_aura.core.lease import LeaseState
from chaos_aura.faults.glance import is_all_over
from chaos_aura.faults.ledger import Ledger


def test_where_nothing_was_ever_written_all_is_over(tmp_path: Path) -> None:
    assert is_all_over(Ledger(tmp_path).path)
    Ledger(tmp_path).path.touch()
    assert is_all_over(Ledger(tmp_path).path)


def test_it_is_over_when_the_last_one_is_healed(tmp_path: Path) -> None:
    written(tmp_path)
    ledger = Ledger(tmp_path)
    while still_open := ledger.open_leases():
        assert not is_all_over(ledger.path)
        ledger.change(still_open[0], LeaseState.HEALED, "gone")
    assert is_all_over(ledger.path)
    ledger.intend(lease(), nothing)
    assert not is_all_over(ledger.path)


def test_cut_at_any_byte_it_hides_no_open_one(tmp_path: Path) -> None:
    written(tmp_path)
    ledger = Ledger(tmp_path)
    for each in ledger.open_leases():
        ledger.change(each, LeaseState.HEALED, "gone")
    content = ledger.path.read_bytes()
    over = []
    for cut in range(len(content) + 1):
        ledger.path.write_bytes(content[:cut])
        over.append(is_all_over(ledger.path))
        assert not (over[-1] and Ledger(tmp_path).open_leases())
    assert over[-1], "whole, it tells of nothing open"
    assert not all(over)


def test_of_a_ledger_that_was_written_anew_it_tells_the_same(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    sizes = [0]
    while not ledger.path.exists() or ledger.path.stat().st_size >= sizes[-1]:
        sizes.append(ledger.path.stat().st_size if ledger.path.exists() else 0)
        one = lease(f"n{len(sizes)}")
        ledger.intend(one, nothing)
        assert not is_all_over(ledger.path)
        ledger.change(one, LeaseState.HEALED, "gone")
        assert is_all_over(ledger.path)


@pytest.mark.parametrize(
    "line",
    [
        *(b"torn", b"[]", b"7", b'{"id": "1"}', b'{"lease": 1}', b'{"id": [], "state": "healed"}'),
        *(b'{"id": "1", "state": "healed"}', b"[" * 100_000, b"\xff"),
    ],
)
def test_of_a_line_that_nobody_can_read_the_ledger_is_to_be_asked(tmp_path: Path, line: bytes) -> None:
    Ledger(tmp_path).path.write_bytes(b"\n" + line + b"\n")
    assert not is_all_over(Ledger(tmp_path).path)


def test_of_a_file_that_cannot_be_read_the_ledger_is_to_be_asked(tmp_path: Path) -> None:
    Ledger(tmp_path).path.mkdir()
    assert not is_all_over(Ledger(tmp_path).path)
