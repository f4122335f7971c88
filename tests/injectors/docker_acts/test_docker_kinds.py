"""What the injector says that it knows is what it can carry out."""

from pathlib import Path

from chaos_aura.containers.engine import Engine
from chaos_aura.faults.ground import Ground
from injectors.docker.acts import acts
from injectors.docker.kinds import KINDS


def test_each_word_has_its_act() -> None:
    assert set(acts(Ground(Path(), {}), Engine({}))) == KINDS
