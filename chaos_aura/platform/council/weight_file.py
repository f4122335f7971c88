"""An agent's weights on disk: one small .npz, the same bytes for the same weights."""

import io
from dataclasses import fields
from pathlib import Path

import numpy as np

from chaos_aura.platform.council.cell import Parameters
from chaos_aura.platform.council.features import NAMES
from chaos_aura.platform.errors import PlatformError

FOLDER = Path(__file__).with_name("weights")
_FEATURES = "features"
_REMEDY = "run: python -m chaos_aura.platform.council.train"


class BadWeights(PlatformError):
    """Weights that are missing, damaged, or made for other features."""


def path_of(agent: str, folder: Path) -> Path:
    return folder / f"{agent}.npz"


def write_weights(path: Path, parameters: Parameters) -> None:
    """No time goes into the archive: np.savez dates each member 1980, and nothing is compressed."""
    np.savez(path, allow_pickle=False, **{_FEATURES: np.array(NAMES)}, **parameters.arrays())


def read_weights(path: Path) -> Parameters:
    try:
        content = path.read_bytes()
    except OSError as cause:
        raise BadWeights(str(path), (cause.strerror or "cannot be read").lower(), _REMEDY) from cause
    try:
        arrays = _arrays(content)
    except (
        Exception
    ) as cause:  # the border to the readers of zip and arrays: damage makes them raise all sorts of things
        raise BadWeights(str(path), f"is damaged: {cause}", _REMEDY) from cause
    return _sound(path, arrays)


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    """From memory, since np.load forgets to close a file that it cannot read."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _sound(path: Path, arrays: dict[str, np.ndarray]) -> Parameters:
    names = {each.name for each in fields(Parameters)}
    if arrays.keys() != names | {_FEATURES}:
        raise BadWeights(str(path), f"holds {', '.join(sorted(arrays)) or 'nothing'}", _REMEDY)
    if tuple(arrays.pop(_FEATURES).tolist()) != NAMES:
        raise BadWeights(str(path), "was trained on other features", _REMEDY)
    for name, values in arrays.items():
        if values.dtype != np.float64 or not np.isfinite(values).all():
            raise BadWeights(str(path), f"`{name}` is not all finite numbers", _REMEDY)
    _refuse_other_shapes(path, arrays)
    return Parameters(**arrays)


def _refuse_other_shapes(path: Path, arrays: dict[str, np.ndarray]) -> None:
    units = arrays["readout"].size
    shapes = {
        "inputs": (len(NAMES), 4 * units),
        "recurrent": (units, 4 * units),
        "bias": (4 * units,),
        "readout": (units,),
        "offset": (),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise BadWeights(str(path), f"`{name}` is {arrays[name].shape} where {shape} belongs", _REMEDY)
