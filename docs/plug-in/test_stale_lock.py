"""The contract, run on this injector, and what only it can get wrong."""

import os
from pathlib import Path

import pytest
from stale_lock import StaleLockInjector

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground

REDIS = Service("redis", Address("127.0.0.1", 6379), "redis", "7.0.0")


def refuses_to_start(lock: Path) -> bool:
    """As a program that respects the lock would: takes it and gives it back, or does not start. Asks no injector."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return True
    lock.unlink()
    return False


class TestStaleLock(InjectorContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> Case:
        injector = StaleLockInjector(Ground(tmp_path, dict(os.environ)))
        fault = Fault("stale_lock", "redis", {"file": "redis.lock"}, lasts_s=5)
        lock = tmp_path / "data" / "redis" / "redis.lock"
        return Case(
            injector,
            fault,
            REDIS,
            str(tmp_path),
            why_not_ended="a file needs no process",
            hurts=lambda: refuses_to_start(lock),
        )


def test_a_strangers_file_is_left_alone(tmp_path: Path) -> None:
    injector = StaleLockInjector(Ground(tmp_path, dict(os.environ)))
    undo = injector.prepare(Fault("stale_lock", "redis", {"file": "redis.lock"}, 5), REDIS, "01K9")
    path = tmp_path / "data" / "redis" / "redis.lock"
    path.parent.mkdir(parents=True)
    path.write_text("somebody's")
    with pytest.raises(TargetUnfit, match="has come into being"):
        injector.inject(undo)
    injector.heal(undo)
    assert path.read_text() == "somebody's"
    assert injector.gone(undo)
