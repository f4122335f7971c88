"""Damaged data are a matter of our own platform: nobody is sent to a target that is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import EXTERNAL, Catalogue, Service
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector
from chaos_aura.supervision.place import CATALOGUE
from injectors.kafka_events import KafkaInjector
from injectors.neo4j_decisions import Neo4jInjector
from injectors.redis_store import RedisInjector


@pytest.mark.parametrize(
    ("make", "kind"),
    [(RedisInjector, "corrupt_cache"), (KafkaInjector, "poison_event"), (Neo4jInjector, "tamper_decision")],
)
@pytest.mark.parametrize("name", ["cache", "redis"])
def test_somebody_elses_data_are_not_understood_whatever_they_are_called(
    tmp_path: Path, make: Callable[[Ground], Injector], kind: str, name: str
) -> None:
    theirs = Service(name, on_loopback(9), "redis", "", kind="redis")
    (tmp_path / CATALOGUE).write_text(Catalogue(EXTERNAL, (theirs,), ()).to_json(), encoding="utf-8")
    fault = Fault(kind, name, KINDS[kind].read({}), 5.0)
    answer = make(Ground(tmp_path, {})).can(fault, theirs)
    assert answer.why == f"{name} is somebody else's: what data mean is known of our own platform only"
    assert "name " not in answer.remedy
