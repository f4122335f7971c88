import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sampling import make_run, sampling

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.operation import ALLOCATE, Outcome
from chaos_aura.judge.consistency.stores.agreement import STORES
from chaos_aura.record.history import History
from chaos_aura.record.samples import BACKLOG, HEALTH, KINDS, READINESS
from chaos_aura.record.stores import read_stores


def home_without_a_stack(
    folder: Path, stack: str = "local", names: Sequence[str] = ("redis", "neo4j", "kafka")
) -> Path:
    """It names services where nothing listens, and has neither API nor supervisor."""
    services = tuple(Service(name, Address("127.0.0.1", 1), "bolt" if name == "neo4j" else "", "") for name in names)
    folder.mkdir()
    (folder / "catalogue.json").write_text(Catalogue(stack, services, ()).to_json())
    return folder


def test_where_everything_is_away_it_says_so_and_goes_on_and_what_it_cannot_write_too(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    history = History(run.path / "history-a.jsonl", "a")
    history.end(history.invoke(ALLOCATE, "t", time.monotonic_ns(), {"request_id": f"{run.tag}-1"}), Outcome.OK)
    with sampling(run, home_without_a_stack(tmp_path / "home")) as sampler:
        since_ns = time.monotonic_ns()
        for kind in KINDS:
            sampler.awaits(1, kind, since_ns)
        sampler.awaits(1, READINESS, since_ns, status="silent")
        sampler.awaits(1, HEALTH, since_ns, service="redis", healthy=False, detail="nothing listens there")
        for backlog in ("decisions", "events"):
            sampler.awaits(1, BACKLOG, since_ns, name=backlog, waiting=None, oldest_s=None)
        assert sampler.ask("stores") == "stores"
        assert set(read_stores(run.path / "stores.json").missing) == set(STORES)
        (run.path / "stores.json").unlink()
        (run.path / "stores.json").mkdir()
        assert sampler.ask("stores").startswith("stores failed: IsADirectoryError")


@pytest.mark.parametrize(
    ("whose", "absent"), [("external", ("neo4j", "kafka", "temporal", "redis", "usage")), ("local", ())]
)
def test_what_a_stack_does_not_have_is_asked_for_nothing_unless_it_is_ours(
    tmp_path: Path, whose: str, absent: tuple[str, ...]
) -> None:
    run = make_run(tmp_path / "run")
    with sampling(run, home_without_a_stack(tmp_path / "home", whose, ["redis"])) as sampler:
        sampler.awaits(2, HEALTH, 0, service="redis")
        assert sampler.ask("stores") == "stores"
        stores = read_stores(run.path / "stores.json")
        assert stores.absent == absent
        assert sorted([*stores.absent, *stores.missing]) == sorted(STORES)
        assert bool(run.samples(BACKLOG)) is not bool(absent)


def test_without_a_stack_or_without_words_it_refuses(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    told = {(str(run.path), str(tmp_path)): "run: chaos-aura up", (): "usage: python -P -m probes.sampler"}
    for words, said in told.items():
        command = [sys.executable, "-P", "-m", "probes.sampler", *words]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 2
        assert said in refused.stderr
