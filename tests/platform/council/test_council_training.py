"""Training learns, and gives the same bytes for the same seed, whatever the processor."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.lessons import lessons
from chaos_aura.platform.council.train import check, train
from chaos_aura.platform.council.training import Plan, accuracy, begun, fitted, loss

SMALL = Plan(units=3, lessons=256, held_out=64, epochs=2, batch=32)
# In a process of its own, since NumPy looks at its processor once.
TRAIN_SMALL = """
import sys
from pathlib import Path
from chaos_aura.platform.council.train import train
from chaos_aura.platform.council.training import Plan
train(Path(sys.argv[1]), Plan(units=3, lessons=256, held_out=64, epochs=2, batch=32), print)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(folder, SMALL, print)
    return folder


def test_training_writes_weights_for_each_agent(trained: Path) -> None:
    assert {path.stem for path in trained.iterdir()} == set(teacher.CONCERNS)


def test_another_processor_gives_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    vectors = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    environ = {"NPY_DISABLE_CPU_FEATURES": " ".join(vectors), "OPENBLAS_CORETYPE": "Prescott"}
    command = [sys.executable, "-P", "-c", TRAIN_SMALL, str(tmp_path)]
    subprocess.run(command, env=environ, check=True, timeout=120, capture_output=True)
    assert contents(tmp_path) == contents(trained)


def test_another_seed_gives_others(trained: Path, tmp_path: Path) -> None:
    train(tmp_path, Plan(units=3, lessons=256, held_out=64, epochs=2, batch=32, seed=5), print)
    assert contents(tmp_path).keys() == contents(trained).keys()
    assert all(contents(tmp_path)[name] != content for name, content in contents(trained).items())


def test_training_again_finds_the_same_and_finds_a_change(trained: Path, tmp_path: Path) -> None:
    for name, content in contents(trained).items():
        (tmp_path / name).write_bytes(content)
    assert check(tmp_path, SMALL, print)
    first, second, _ = sorted(tmp_path.iterdir())
    first.write_bytes(second.read_bytes())
    second.unlink()
    told: list[str] = []
    assert not check(tmp_path, SMALL, told.append)
    assert f"{first.name}: other bytes than training gives" in told
    assert f"{second.name}: is not there" in told


@pytest.mark.parametrize("agent", teacher.CONCERNS)
def test_a_little_training_learns_something(agent: str) -> None:
    plan = Plan(units=4, lessons=1024, epochs=3, batch=32, seed=3)
    learned, held_out = lessons(plan.seed, plan.lessons), lessons(4, 512)
    untrained = begun(plan.units, np.random.Generator(np.random.PCG64(plan.seed)))
    parameters = fitted(learned, agent, plan)
    said = held_out.certainties[agent]
    assert loss(parameters, held_out.sequences, said) < 0.7 * loss(untrained, held_out.sequences, said)
    always_the_same = max(np.mean(said > teacher.LIMIT), np.mean(said <= teacher.LIMIT))
    assert accuracy(parameters, held_out, agent) > always_the_same
