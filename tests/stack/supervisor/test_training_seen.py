"""Whether start-up caches are being made beside a measurement is asked of the supervisor."""

from pathlib import Path

from awaiting import wait_until
from supervised import Home

from chaos_aura.run.carried import is_training
from chaos_aura.supervision.place import TRAINING

_WITHIN_S = 30.0


def test_while_the_job_runs_and_not_afterwards(home: Home, tmp_path: Path) -> None:
    home.launch()
    assert not is_training(home.folder)
    go_on = tmp_path / "go-on"
    home.client.run_job(home.program(TRAINING, "sh", "-c", f"until [ -e {go_on} ]; do sleep 0.05; done", is_job=True))
    assert home.await_running(TRAINING)
    assert is_training(home.folder)
    go_on.touch()
    wait_until(lambda: not is_training(home.folder), _WITHIN_S, "the job is done")


def test_where_nobody_can_say_it_may_be(tmp_path: Path) -> None:
    assert is_training(tmp_path)
