"""What a doctor that was killed has left is cleared away by the next, and nothing else is."""

import os
from pathlib import Path

from chaos_aura.stack.doctor.trace import clear_abandoned, own_name


def test_names_are_never_used_twice() -> None:
    assert own_name() != own_name()


def test_only_what_the_dead_left_is_removed(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        (tmp_path / own_name()).mkdir()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    [abandoned] = tmp_path.iterdir()
    mine, strangers = tmp_path / own_name(), tmp_path / f"{abandoned.name}.stranger"
    mine.mkdir()
    strangers.mkdir()
    clear_abandoned(tmp_path, Path.rmdir)
    assert sorted(tmp_path.iterdir()) == sorted([mine, strangers])


def test_what_cannot_be_removed_or_listed_is_left(tmp_path: Path) -> None:
    kept = tmp_path / "chaos-aura-doctor-1-1-0"
    (kept / "inside").mkdir(parents=True)
    clear_abandoned(tmp_path, Path.rmdir)
    clear_abandoned(tmp_path / "nowhere", Path.rmdir)
    assert kept.exists()
