"""The engine by which something was done is found again, and no other is taken for it."""

from pathlib import Path

import pytest

from chaos_aura.containers.engine import Engine
from chaos_aura.containers.kept_engine import found_again, kept
from chaos_aura.core.errors import MachineLacks


def test_it_is_found_where_it_listens_whatever_is_usual_by_then(engine: Engine, tmp_path: Path) -> None:
    usual = Engine({"DOCKER_HOST": f"unix://{tmp_path}/other.sock"})
    found = found_again(kept(engine), usual)
    assert found.address == engine.address
    assert found.info()["ID"] == engine.info()["ID"]


def test_the_usual_one_is_used_where_it_is_the_same(engine: Engine) -> None:
    assert found_again(kept(engine), engine) is engine


def test_another_one_at_its_address_is_refused(engine: Engine) -> None:
    row = {**kept(engine), "id": "SOMEBODY:ELSE"}
    with pytest.raises(MachineLacks, match=f"at {engine.address} is another one .*SOMEBODY:ELSE"):
        found_again(row, engine)
