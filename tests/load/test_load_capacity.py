"""Capacity: measured on an API whose limit is known, kept, and measured again when something else is meant."""

import json
import threading
import time
from pathlib import Path

import pytest
from scripted_api import Asked, Said, refused, scripted_api

from chaos_aura.core.errors import BadInput, ServiceUnhealthy
from chaos_aura.load.capacity import (
    DISTURBED,
    MEASURED,
    Capacity,
    MeasuredOn,
    capacity_of,
    inventory_of,
    measure_capacity,
)

ON = MeasuredOn(2, 1, {"t4": 4}, "1.0")


def test_it_is_what_comes_out_when_as_much_as_possible_goes_in() -> None:
    """One request at a time, each for 20 ms, and two a cycle: 25 a second at most."""
    one_at_a_time = threading.Lock()

    def slow(asked: Asked) -> None:
        with one_at_a_time:
            time.sleep(0.02)

    with scripted_api(slow) as api:
        capacity = measure_capacity(api.url, "t", seconds=6, callers=4, warm_s=0.3, window_s=2)
        assert api.held == {}
        assert {asked.body["gpu_type"] for asked in api.asked if asked.method == "POST"} == {
            "t4",
            "v100",
            "a100",
            "h100",
        }
    assert len(capacity.windows_per_s) == 3
    assert 1 < capacity.cycles_per_s <= 26  # fewer where others have the processors


def test_what_may_have_been_granted_is_given_back_too() -> None:
    def in_doubt(asked: Asked) -> Said | None:
        if asked.method == "POST":
            api.by_default(asked)
            return refused(503, "temporal_away")
        return None

    with scripted_api(in_doubt) as api:
        with pytest.raises(ServiceUnhealthy, match="carries nothing: temporal_away; look at it: chaos-aura status"):
            measure_capacity(api.url, "t", seconds=2, callers=3, warm_s=0.1, window_s=2)
        assert api.held == {}
        assert len(api.ended) >= 3


def never() -> bool:
    return False


def test_what_was_measured_beside_other_work_is_used_and_not_kept(tmp_path: Path) -> None:
    measured: list[float] = []

    def found(*, is_disturbed: bool) -> float:
        def measure(url: str, tag: str) -> Capacity:
            measured.append(5.0 + len(measured))
            return Capacity(measured[-1])

        on = capacity_of(tmp_path, "u", "t", ON, {}, is_disturbed=lambda: is_disturbed, measure=measure)
        return on.cycles_per_s

    assert [found(is_disturbed=True), found(is_disturbed=True), found(is_disturbed=False)] == [5, 6, 7]
    assert found(is_disturbed=True) == 7
    assert len(measured) == 3


def test_it_says_how_it_was_measured(tmp_path: Path) -> None:
    def origin(*, is_disturbed: bool) -> str:
        found = capacity_of(
            tmp_path, "u", "t", ON, {}, is_disturbed=lambda: is_disturbed, measure=lambda *_: Capacity(5)
        )
        return found.origin

    assert [origin(is_disturbed=True), origin(is_disturbed=False), origin(is_disturbed=True)] == [
        DISTURBED,
        MEASURED,
        MEASURED,
    ]


def test_it_is_measured_once_for_the_same(tmp_path: Path) -> None:
    measured: list[str] = []

    def measure(url: str, tag: str) -> Capacity:
        measured.append(url)
        return Capacity(10.0 + len(measured), (10.0, 12.0))

    def found(on: MeasuredOn) -> Capacity:
        return capacity_of(tmp_path, "u", "t", on, {}, is_disturbed=never, measure=measure)

    others = [
        MeasuredOn(4, 1, {"t4": 4}, "1.0"),
        MeasuredOn(2, 2, {"t4": 4}, "1.0"),
        MeasuredOn(2, 1, {"t4": 5}, "1.0"),
    ]
    assert found(ON) == Capacity(11.0, (10.0, 12.0))
    assert found(ON) == Capacity(11.0, (10.0, 12.0))
    assert [found(other).cycles_per_s for other in others] == [12, 13, 14]
    assert found(MeasuredOn(2, 1, {"t4": 4}, "1.1")).cycles_per_s == 15
    assert len(measured) == 5


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"on": 3}', json.dumps({"cycles_per_s": -1, "on": {}})])
def test_a_file_that_cannot_be_read_is_not_believed(tmp_path: Path, content: str) -> None:
    (tmp_path / "capacity.json").write_text(content, encoding="utf-8")
    with pytest.raises(ServiceUnhealthy, match="GET /gpus was not answered"):  # so it is about to be measured
        capacity_of(tmp_path, "http://127.0.0.1:1", "t", ON, {}, is_disturbed=never)


def test_the_environment_overrides(tmp_path: Path) -> None:
    said = capacity_of(tmp_path, "http://127.0.0.1:1", "t", ON, {"CHAOS_AURA_CAPACITY": "12.5"}, is_disturbed=never)
    assert said == Capacity(12.5, origin="CHAOS_AURA_CAPACITY")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["much", "0", "-3", "nan", "inf"])
def test_what_the_environment_says_must_be_a_rate(tmp_path: Path, said: str) -> None:
    with pytest.raises(BadInput, match=f"CHAOS_AURA_CAPACITY: is '{said}'; give cycles a second, as 12.5"):
        capacity_of(tmp_path, "http://127.0.0.1:1", "t", ON, {"CHAOS_AURA_CAPACITY": said}, is_disturbed=never)


def test_the_inventory_is_what_the_api_says() -> None:
    with scripted_api(inventory={"t4": 7}) as api:
        assert inventory_of(api.url) == {"t4": 7}
    with pytest.raises(BadInput, match="url is 'nowhere'"):
        inventory_of("nowhere")


def test_an_api_whose_worker_is_held_up_is_asked_again() -> None:
    with scripted_api(inventory={"t4": 7}) as api:
        api.silent_about_gpus = 2
        assert inventory_of(api.url) == {"t4": 7}
        assert api.silent_about_gpus == 0


def test_a_pool_of_single_gpus_is_refused() -> None:
    told = r"half of {'t4': 1, 'a100': 1} is nothing"
    with scripted_api(inventory={"t4": 1, "a100": 1}) as api, pytest.raises(BadInput, match=told):
        measure_capacity(api.url, "t")
