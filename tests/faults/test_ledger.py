"""The ledger at every byte: what a crash may cut, what a full disk may refuse, what two may write at once."""

import json
import os
import threading
from pathlib import Path

import pytest
from full_disk import full, small_volume
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_aura.core.errors import FaultRefused, LedgerUnusable
from chaos_aura.core.fault import Fault, Footprint, Undo
from chaos_aura.core.lease import Lease, LeaseState, Owner, new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ledger import Ledger


def lease(target: str = "neo4j", lease_id: str = "") -> Lease:
    return Lease(
        id=lease_id or new_lease_id(),
        fault=Fault("pause", target, {"how": "fully ü"}, 5.0),
        injector="process",
        footprint=Footprint(frozenset({f"process {target}"}), hurts=frozenset({target})),
        undo=Undo({"processes": ["1@2"]}, ("stops process 1",), "kill -CONT 1"),
        owner=Owner(ProcessId(1, 2), "boot"),
        began_at=1.5,
        ends_s=99.0,
    )


def nothing(_: tuple[Lease, ...]) -> None:
    pass


def written(folder: Path) -> tuple[list[Lease], bytes]:
    """A ledger with a history of each kind."""
    ledger = Ledger(folder)
    leases = [lease(target) for target in ("neo4j", "redis", "kafka")]
    for each in leases:
        ledger.intend(each, nothing)
    in_force = ledger.change(leases[0], LeaseState.IN_FORCE, "seen", ends_s=120.0)
    ledger.change(in_force, LeaseState.HEALED, "gone")
    ledger.change(leases[1], LeaseState.STUCK, "no answer", revoked=True)
    return leases, ledger.path.read_bytes()


def test_what_is_written_is_read_by_anybody(tmp_path: Path) -> None:
    leases, _ = written(tmp_path)
    read = Ledger(tmp_path).leases()
    assert list(read) == [each.id for each in leases]
    assert [each.state for each in read.values()] == [LeaseState.HEALED, LeaseState.STUCK, LeaseState.INTENDED]
    assert read[leases[2].id] == leases[2]
    assert read[leases[0].id].ends_s == 120.0
    assert read[leases[0].id].was_in_force
    assert read[leases[1].id].revoked
    assert not read[leases[1].id].was_in_force


def test_cut_at_any_byte_it_still_tells_what_was_whole(tmp_path: Path) -> None:
    """And what is written after the crash is read with it."""
    _, content = written(tmp_path / "whole")
    lines = content.split(b"\n")
    for cut in range(len(content) + 1):
        folder = tmp_path / "cut"
        folder.mkdir(exist_ok=True)
        ledger = Ledger(folder)
        ledger.path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n")
        expected = {json.loads(line)["lease"]["id"] for line in lines[:whole] if b'"lease"' in line}
        assert set(ledger.leases()) == expected
        if cut % 50 == 0:
            after = lease("after")
            ledger.intend(after, nothing)
            assert after.id in Ledger(folder).leases()
            assert expected <= set(Ledger(folder).leases())


def test_a_reader_that_looked_at_a_torn_line_sees_it_when_it_is_whole(tmp_path: Path) -> None:
    _, content = written(tmp_path)
    ledger = Ledger(tmp_path)
    ledger.path.write_bytes(content[:-40])
    before = ledger.leases()
    ledger.path.write_bytes(content)
    assert ledger.leases() == Ledger(tmp_path).leases() != before


@given(st.lists(st.binary(max_size=30), max_size=5))
@settings(max_examples=60, deadline=None)
def test_whatever_else_is_in_it_takes_no_lease_away(
    tmp_path_factory: pytest.TempPathFactory, junk: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("junk")
    leases, content = written(folder)
    path = Ledger(folder).path
    path.write_bytes(b"\n".join([*junk, content, *junk, b""]))
    read, unread = Ledger(folder).read()
    assert set(read) >= {each.id for each in leases}
    parts = b"\n".join(junk).split(b"\n")
    assert unread <= 2 * len([part for part in parts if part.strip()])


def test_healed_is_the_end(tmp_path: Path) -> None:
    leases, _ = written(tmp_path)
    ledger = Ledger(tmp_path)
    ledger.change(leases[0], LeaseState.IN_FORCE, "too late")
    assert ledger.leases()[leases[0].id].state is LeaseState.HEALED


def test_once_revoked_always_revoked(tmp_path: Path) -> None:
    """An owner that wakes up says `in force` without having heard of it."""
    ledger = Ledger(tmp_path)
    one = lease()
    ledger.intend(one, nothing)
    ledger.change(one, LeaseState.INTENDED, revoked=True)
    ledger.change(one, LeaseState.IN_FORCE, "late")
    assert ledger.leases()[one.id].revoked


def test_one_that_must_not_be_is_not_written(tmp_path: Path) -> None:
    def refuse(_: tuple[Lease, ...]) -> None:
        raise FaultRefused("a", "b")

    with pytest.raises(FaultRefused):
        Ledger(tmp_path).intend(lease(), refuse)
    assert Ledger(tmp_path).leases() == {}


def test_of_many_that_write_at_once_each_sees_those_before(tmp_path: Path) -> None:
    """Threads with a ledger each, as processes would have: two of the same target never both get in."""
    accepted: list[str] = []

    def run(target: str) -> None:
        def check(open_leases: tuple[Lease, ...]) -> None:
            if any(each.fault.target == target for each in open_leases):
                raise FaultRefused(target, "taken")

        for _ in range(10):
            try:
                Ledger(tmp_path).intend(lease(target), check)
                accepted.append(target)
            except FaultRefused:
                pass
            except LedgerUnusable as held:  # for seconds, on a busy machine
                if "is held by another process" not in str(held):
                    raise

    threads = [threading.Thread(target=run, args=(f"target-{number % 4}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(accepted) == [f"target-{number}" for number in range(4)]
    assert len(Ledger(tmp_path).leases()) == 4


@pytest.mark.parametrize("room", [0, 1, 100, 400])
def test_a_disk_that_fills_while_a_lease_is_written_leaves_the_ledger_as_it_was(tmp_path: Path, room: int) -> None:
    with small_volume(tmp_path / "faults"):
        written(tmp_path / "faults")
        ledger = Ledger(tmp_path / "faults")
        before = ledger.leases()
        with full(ledger.path, room), pytest.raises(LedgerUnusable) as refused:
            ledger.intend(lease(), nothing)
        assert_told(refused.value, ledger.path, "the fault cannot be written down", "nothing was injected")
        assert Ledger(tmp_path / "faults").leases() == before
        after = lease("after")
        ledger.intend(after, nothing)
        assert Ledger(tmp_path / "faults").leases() == {**before, after.id: after}


def test_a_disk_that_fills_later_is_not_said_to_have_kept_anything_from_being_injected(tmp_path: Path) -> None:
    with small_volume(tmp_path / "faults"):
        leases, _ = written(tmp_path / "faults")
        ledger = Ledger(tmp_path / "faults")
        with full(ledger.path), pytest.raises(LedgerUnusable) as refused:
            ledger.change(leases[2], LeaseState.IN_FORCE, "seen")
        assert_told(refused.value, ledger.path, "what became of pause of kafka", "")
        assert "nothing was injected" not in str(refused.value)


def test_a_ledger_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    Ledger(tmp_path).path.mkdir()
    with pytest.raises(LedgerUnusable, match="the faults that were written down cannot be read") as refused:
        Ledger(tmp_path).leases()
    assert "nothing was injected" not in str(refused.value)


def assert_told(refused: LedgerUnusable, path: Path, what: str, end: str) -> None:
    """One line: which file, what of it, what to do."""
    remedy = "make room on that disk" if os.path.ismount(path.parent) else "raise the limit of a file's size"
    assert str(refused).startswith(f"{path}: {what}")
    assert str(refused).endswith(end)
    assert remedy in str(refused)
    assert "\n" not in str(refused)


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnusable, match="cannot be written down"):
        Ledger(tmp_path / "file").intend(lease(), nothing)


def test_a_long_ledger_is_shortened_when_nothing_is_open(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    reader = Ledger(tmp_path)
    for _ in range(150):
        one = lease()
        ledger.intend(one, nothing)
        reader.leases()
        ledger.change(one, LeaseState.HEALED, "x" * 200)
    assert ledger.path.stat().st_size < 100_000
    assert len(ledger.leases()) < 150
    assert ledger.leases() == reader.leases() == Ledger(tmp_path).leases()
    assert one.id in reader.leases()


def test_an_open_lease_is_never_dropped(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    kept = lease("kept")
    ledger.intend(kept, nothing)
    for _ in range(150):
        one = lease()
        ledger.intend(one, nothing)
        ledger.change(one, LeaseState.HEALED, "x" * 200)
    assert [each.id for each in Ledger(tmp_path).open_leases()] == [kept.id]


def test_ids_of_later_leases_sort_later() -> None:
    moments = iter([1.0, 1.001, 1795300000.0, 1795300000.001])
    ids = [new_lease_id(lambda: next(moments)) for _ in range(4)]
    assert ids == sorted(ids)
    assert len({len(each) for each in ids}) == 1
    assert len({new_lease_id() for _ in range(1000)}) == 1000
