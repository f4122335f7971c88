"""A full disk: on a small volume of its own where one may be made, else by what is still free on the real one."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lasting_cases import case_of, fault_of, in_force, injected, must_hold
from small_volumes import small_volume
from witnesses import has_lost_room

from chaos_aura.core.address import Address, on_loopback
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import FaultRefused, TargetUnfit
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.limits import Limits
from injectors.stress import StressInjector

REDIS = Service("redis", on_loopback(9), "redis", "")
_VOLUME_MB, _LEAVE_MB, _FILE_MB = 96, 32, 64
_MB = 1024 * 1024


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / ".chaos-aura" / "data" / "redis").mkdir(parents=True)
    (tmp_path / ".chaos-aura" / "data" / "kafka").mkdir(parents=True)
    return Ground(tmp_path / ".chaos-aura", dict(os.environ))


@pytest.fixture
def data(ground: Ground) -> Iterator[Path]:
    """A volume of the service's own where this user may mount one."""
    with small_volume(ground.home / "data" / "redis", _VOLUME_MB) as folder:
        yield folder


@pytest.fixture
def stress(ground: Ground) -> StressInjector:
    return StressInjector(ground)


def fault_for(data: Path) -> Fault:
    leave_mb = _LEAVE_MB if os.path.ismount(data) else int(_free_mb_for_us(data)) - _FILE_MB
    return fault_of("disk_full", size_mb=_FILE_MB * 2, leave_mb=leave_mb)


def _free_mb_for_us(path: Path) -> float:
    now = os.statvfs(path)
    return (now.f_bfree if os.geteuid() == 0 else now.f_bavail) * now.f_frsize / _MB


class TestDiskFull(InjectorContract):
    @pytest.fixture
    def case(self, stress: StressInjector, ground: Ground, data: Path) -> Case:
        why = "no process of the target holds the file"
        case = case_of(stress, fault_for(data), REDIS, ground.home, why_not_ended=why)
        if not os.path.ismount(data):  # others fill and empty the real disk meanwhile
            return case
        return replace(case, hurts=has_lost_room(data, _FILE_MB / 2))


def test_only_what_shall_stay_is_free(stress: StressInjector, data: Path) -> None:
    before = _free_mb_for_us(data)
    with in_force(stress, fault_for(data), REDIS) as undo:
        path = Path(undo.data["path"])
        assert path.stat().st_dev == data.stat().st_dev
        assert path.stat().st_size == undo.data["bytes"]
        assert before - _free_mb_for_us(data) > _FILE_MB / 2
    assert not path.exists()


def test_a_write_beyond_what_is_free_fails(stress: StressInjector, data: Path) -> None:
    if not os.path.ismount(data):
        pytest.skip("this user may not mount a small volume, and nobody fills the real disk for a test")
    with in_force(stress, fault_for(data), REDIS), pytest.raises(OSError, match="No space left"):
        (data / "appendonly.aof").write_bytes(bytes((_LEAVE_MB + 1) * _MB))
    (data / "appendonly.aof").write_bytes(bytes((_LEAVE_MB + 1) * _MB))


def test_room_that_comes_back_is_noticed(stress: StressInjector, data: Path) -> None:
    with in_force(stress, fault_for(data), REDIS) as undo:
        os.truncate(undo.data["path"], _MB)
        proof = stress.in_force(undo)
        assert not proof
        assert "give room back" in proof.seen
        Path(undo.data["path"]).unlink()
        assert "is not there" in stress.in_force(undo).seen


def test_it_hurts_all_whose_data_lie_on_that_disk(stress: StressInjector) -> None:
    assert stress.footprint(fault_of("disk_full"), REDIS).hurts == {"redis", "kafka"}
    nobodys = Service("api", on_loopback(9), "http", "")
    assert stress.footprint(fault_of("disk_full", "api"), nobodys).hurts == {"api"}


def test_it_does_not_go_round_a_forbidden_target(stress: StressInjector) -> None:
    fault, limits = fault_of("disk_full"), Limits(forbidden_targets=("kafka",))
    catalogue = Catalogue("local", (REDIS, Service("kafka", on_loopback(9), "", "")), ())
    with pytest.raises(FaultRefused, match="kafka, which it hurts, is forbidden"):
        limits.check_target(fault, REDIS, catalogue, stress.footprint(fault, REDIS).hurts)


def test_on_a_volume_of_its_own_it_hurts_nobody_else(stress: StressInjector, data: Path) -> None:
    if not os.path.ismount(data):
        pytest.skip("this user may not mount a small volume")
    assert stress.footprint(fault_of("disk_full"), REDIS).hurts == {"redis"}


def test_a_disk_that_is_too_big_is_refused(stress: StressInjector, ground: Ground) -> None:
    if _free_mb_for_us(ground.home) < 4096:
        pytest.skip("this disk is so small that it could be filled")
    capability = stress.can(fault_of("disk_full", size_mb=1024, leave_mb=512), REDIS)
    assert not capability
    assert "would not fill the disk" in capability.why
    assert "ask for size_mb=" in capability.remedy
    with pytest.raises(TargetUnfit) as caught:
        stress.prepare(fault_of("disk_full"), REDIS, new_lease_id())
    assert "\n" not in str(caught.value)
    assert not (ground.folder / "fill").exists()


def test_a_disk_that_is_full_already_is_refused(stress: StressInjector, data: Path) -> None:
    more = int(_free_mb_for_us(data)) + 1024
    capability = stress.can(fault_of("disk_full", leave_mb=more), REDIS)
    assert "are free already" in capability.why


def test_other_volumes_stay_as_they_are(stress: StressInjector, ground: Ground, data: Path) -> None:
    if not os.path.ismount(data):
        pytest.skip("this user may not mount a small volume")
    with in_force(stress, fault_for(data), REDIS) as undo:
        assert Path(undo.data["path"]).parent == data.absolute()
        assert _free_mb_for_us(ground.home / "data" / "kafka") > _LEAVE_MB


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service("api", on_loopback(9), "http", ""), "api keeps no data in"),
        (Service("redis", Address("192.0.2.1", 1), "redis", ""), "redis is at 192.0.2.1"),
        (Service("redis", on_loopback(9), "redis", "", runs_in={"container": "r"}), "redis runs in a container, and"),
    ],
)
def test_what_has_no_data_here_is_refused(stress: StressInjector, service: Service, why: str) -> None:
    capability = stress.can(fault_of("disk_full", service.name), service)
    assert not capability
    assert why in capability.why


def test_healing_is_no_matter_of_a_folder_that_is_gone(tmp_path: Path) -> None:
    """The data lie beside it, on the same volume."""
    with small_volume(tmp_path / "small", _VOLUME_MB) as folder:
        (folder / "data" / "redis").mkdir(parents=True)
        ground = Ground(folder, dict(os.environ))
        stress, leave_mb = StressInjector(ground), int(_free_mb_for_us(folder)) - _FILE_MB
        undo = injected(stress, fault_of("disk_full", size_mb=_FILE_MB * 2, leave_mb=leave_mb), REDIS)
        must_hold(stress, undo)
        assert Path(undo.data["path"]).is_relative_to(ground.folder)
        shutil.rmtree(ground.folder)
        stress.heal(undo)
        assert stress.gone(undo)
