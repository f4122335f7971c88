"""Every way to hurt a container that ends it, freezes it or takes from it, tried on real ones by the contract."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import docker_witnesses as witness
import pytest
from docker_victims import WITHIN_S, Victims

from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.contract import Case, InjectorContract
from injectors.docker import DockerInjector

KNOWN = {**KINDS, **{each.name: each for each in DockerInjector.own_kinds}}
_INSIDE = "/clock"
_VOLUME_MB = 16
TWO = {"which": "all"}

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "kill": ("kill", {}),
    "kill both": ("kill", TWO),
    "kill, and stay down": ("kill", {"comes_back": False}),
    "stop": ("stop", {"grace_s": 1}),
    "stop both": ("stop", {"grace_s": 1, **TWO}),
    "restart": ("restart", {"grace_s": 1}),
    "pause": ("pause", {}),
    "pause both": ("pause", TWO),
    "crash loop": ("crash_loop", {}),
    "cpu": ("cpu_throttle", {"percent": 10}),
    "cpu of both": ("cpu_throttle", {"percent": 10, **TWO}),
    "memory": ("memory_limit", {"limit_mb": 64}),
    "oom": ("oom_kill", {}),
    "pids": ("pids_limit", {"limit": 8}),
    "open files": ("fd_limit", {"limit": 64}),
    "size of files": ("file_size_limit", {"limit_kb": 1024}),
    "disk": ("disk_full", {"leave_mb": 0}),
    "clock": ("clock_skew", {"offset_s": 3600}),
    "pause inside": ("pause_inside", {"process": "sleep"}),
    "kill inside": ("kill_inside", {"process": "sleep"}),
}


def fault_of(kind: str, **given: object) -> Fault:
    return Fault(kind, "web", KNOWN[kind].read(given), lasts_s=10)


def witness_of(these: Victims, kind: str) -> Callable[[], bool]:
    return {
        "kill": witness.is_down(these),
        "stop": witness.is_down(these),
        "pause": witness.is_mute(these),
        "crash_loop": witness.comes_to_no_age(these),
        "cpu_throttle": witness.is_held_back(these),
        "memory_limit": witness.has_little_memory(these, 64),
        "pids_limit": witness.can_start_no_thread(these),
        "fd_limit": witness.can_open_no_file(these),
        "file_size_limit": witness.can_write_no_more(these, "/tmp/grown", "EFBIG"),
        "disk_full": witness.can_write_no_more(these, "/data/grown", "ENOSPC"),
        "clock_skew": witness.is_in_another_time(these),
        "pause_inside": witness.has_a_frozen_child(these),
    }[kind]


def settings_of(kind: str) -> dict[str, object]:
    if kind == "disk_full":
        return {"settings": {"tmpfs": {"/data": f"size={_VOLUME_MB}m"}}}
    if kind == "clock_skew":
        return with_a_clock()
    if kind.endswith("_inside"):
        return {"words": ("with-child",)}
    return {}


def case_of(made: Callable[..., Victims], kind: str, given: Mapping[str, object]) -> Case:
    these = made(count=2 if given.get("which") else 1, **settings_of(kind))
    fault, injector = fault_of(kind, **given), DockerInjector(these.ground)
    case = Case(injector, fault, these.target, str(these.home), these.restart, these.remove, these.restore)
    case = replace(case, in_force_within_s=WITHIN_S, gone_within_s=WITHIN_S)
    return case if case.is_momentary else replace(case, hurts=witness_of(these, kind))


def with_a_clock() -> dict[str, Any]:
    """The library of this project's own environment, read inside."""
    spec = find_spec("libfaketime")
    assert spec
    found = sorted(Path(str((spec.submodule_search_locations or [])[0])).rglob("libfaketime.so.1"))
    environ = {
        "LD_PRELOAD": f"/opt/{found[0].name}",
        "FAKETIME_TIMESTAMP_FILE": _INSIDE,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "0",
    }
    return {"settings": {"binds": [f"{found[0]}:/opt/{found[0].name}:ro"]}, "environ": environ}


@pytest.mark.timeout(120)
class TestDocker(InjectorContract):
    @pytest.fixture(params=CASES)
    def case(self, request: pytest.FixtureRequest, made: Callable[..., Victims], standing: object) -> Case:
        return case_of(made, *CASES[request.param])
