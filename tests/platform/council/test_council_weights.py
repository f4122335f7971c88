"""Weights on disk: deterministic bytes, and every damage is found and named."""

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos_aura.platform.council.cell import Parameters
from chaos_aura.platform.council.features import NAMES
from chaos_aura.platform.council.training import begun
from chaos_aura.platform.council.weight_file import BadWeights, read_weights, write_weights


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return begun(3, np.random.Generator(np.random.PCG64(1)))


@pytest.fixture
def path(parameters: Parameters, tmp_path: Path) -> Path:
    write_weights(tmp_path / "weights.npz", parameters)
    return tmp_path / "weights.npz"


def test_as_a_file_and_back(path: Path, parameters: Parameters) -> None:
    for name, values in read_weights(path).arrays().items():
        np.testing.assert_array_equal(values, parameters.arrays()[name])


def test_no_time_goes_into_the_file(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def without(arrays: dict[str, np.ndarray]) -> None:
    del arrays["bias"]


def with_a_hole(arrays: dict[str, np.ndarray]) -> None:
    arrays["bias"][2] = np.nan


def for_other_features(arrays: dict[str, np.ndarray]) -> None:
    arrays["features"] = np.array(NAMES[::-1])


def of_another_shape(arrays: dict[str, np.ndarray]) -> None:
    arrays["recurrent"] = arrays["recurrent"][:2]


def as_texts(arrays: dict[str, np.ndarray]) -> None:
    arrays["readout"] = np.array(["1", "2", "3"])


def as_objects(arrays: dict[str, np.ndarray]) -> None:
    arrays["readout"] = np.array([1, None, {}], dtype=object)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (without, "holds features, inputs, offset, readout, recurrent"),
        (with_a_hole, "`bias` is not all finite numbers"),
        (for_other_features, "was trained on other features"),
        (of_another_shape, r"`recurrent` is \(2, 12\) where \(3, 12\) belongs"),
        (as_texts, "`readout` is not all finite numbers"),
        (as_objects, "is damaged: Object arrays cannot be loaded"),
    ],
)
def test_wrong_contents_are_named(
    damage: Callable[[dict[str, np.ndarray]], None], why: str, path: Path, parameters: Parameters
) -> None:
    arrays = {"features": np.array(NAMES)} | {name: values.copy() for name, values in parameters.arrays().items()}
    damage(arrays)
    np.savez(path, **arrays)
    with pytest.raises(BadWeights, match=why):
        read_weights(path)


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"gone\.npz: no such file or directory; run: python -m .*council\.train"):
        read_weights(tmp_path / "gone.npz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_whatever_bytes_are_there_it_is_weights_or_bad_weights(path: Path, data: st.DataObject) -> None:
    sound = path.read_bytes()
    at = data.draw(st.integers(0, len(sound) - 1))
    junk = data.draw(st.binary(max_size=40))
    damaged = path.with_name("damaged.npz")
    damaged.write_bytes(data.draw(st.sampled_from([sound[:at], junk, sound[:at] + junk + sound[at + len(junk) :]])))
    with suppress(BadWeights):
        parameters = read_weights(damaged)
        assert all(np.isfinite(values).all() for values in parameters.arrays().values())
