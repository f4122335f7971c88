"""A disk is not full any more when it is healed, although somebody still has the file open that filled it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lasting_cases import fault_of, injected
from small_volumes import small_volume

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Service
from chaos_aura.core.fault import Undo
from chaos_aura.faults.ground import Ground
from injectors.stress import StressInjector

REDIS = Service("redis", on_loopback(9), "redis", "")
_VOLUME_MB, _FILE_MB, _MB = 16, 8, 1024 * 1024


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with small_volume(tmp_path / "small", _VOLUME_MB) as folder:
        yield folder


def filled(home: Path) -> tuple[StressInjector, Undo]:
    data = home / "data" / "redis"
    data.mkdir(parents=True)
    now = os.statvfs(data)
    free = now.f_bfree if os.geteuid() == 0 else now.f_bavail
    leave_mb = free * now.f_frsize // _MB - _FILE_MB
    stress = StressInjector(Ground(home, dict(os.environ)))
    return stress, injected(stress, fault_of("disk_full", size_mb=_FILE_MB * 100, leave_mb=leave_mb), REDIS)


def test_room_that_a_stopped_controller_holds_is_given_back(home: Path) -> None:
    stress, undo = filled(home)
    held = os.open(undo.data["path"], os.O_WRONLY)  # as it has while it fills it
    try:
        assert os.fstat(held).st_blocks
        stress.heal(undo)
        assert stress.gone(undo)
        assert os.fstat(held).st_blocks == 0
        stress.heal(undo)
    finally:
        os.close(held)


def test_what_somebody_has_put_in_its_place_is_not_emptied(home: Path) -> None:
    stress, undo = filled(home)
    path, strangers = Path(undo.data["path"]), home / "a stranger's"
    strangers.write_text("kept")
    path.unlink()
    path.symlink_to(strangers)
    stress.heal(undo)
    assert stress.gone(undo)
    assert strangers.read_text() == "kept"
