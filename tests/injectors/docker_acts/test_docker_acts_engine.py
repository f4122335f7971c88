"""A fault is undone by the engine by which it was done, whichever the shell that heals it would speak to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from docker_victims import Victims
from test_docker_acts_healed import healed, struck

from chaos_aura.containers.container import Status
from chaos_aura.faults.ground import Ground
from injectors.docker import DockerInjector


@pytest.mark.parametrize("kind", ["pause", "stop"])
def test_from_a_shell_that_speaks_to_another_one(made: Callable[..., Victims], tmp_path: Path, kind: str) -> None:
    these = made()
    _, undo = struck(these, kind)
    elsewhere = DockerInjector(Ground(these.home, {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}))
    assert not elsewhere.gone(undo)
    healed(elsewhere, undo)
    assert these.now().status is Status.RUNNING
