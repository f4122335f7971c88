"""The environment that setup makes: made once, followed, and mended after whatever befell it."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from awaiting import wait_until
from setup_checkout import KEPT, UV, Checkout, executable, lock_of


def test_it_makes_an_environment_in_a_path_with_spaces_and_umlauts(checkout: Checkout) -> None:
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()
    assert len(done.stderr.splitlines()) == 2, done.stderr


def test_a_second_run_does_nothing_and_needs_neither_uv_nor_python(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    before = checkout.made_at_ns()
    checkout.take_away("uv", "good")
    again = checkout.setup()
    assert (again.returncode, again.stderr) == (0, "")
    assert checkout.made_at_ns() == before


def test_a_changed_lock_is_followed_without_making_the_environment_anew(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    before = checkout.made_at_ns()
    (checkout.root / "requirements.lock").write_text(lock_of(("setuptools", "idna")))
    assert checkout.setup().returncode == 0
    assert checkout.made_at_ns() == before
    assert checkout.works()
    assert not list(checkout.venv.glob("lib/python3*/site-packages/certifi"))


def stall_at(checkout: Checkout, tmp_path: Path, words: str) -> Path:
    """uv, but it does not go on before `words`; it leaves a mark when it is there, and ends once `go` exists."""
    mark, go = tmp_path / "stalled", tmp_path / "go"
    stall = f"touch '{mark}'; while [ ! -e '{go}' ]; do sleep 0.05; done; exit 1"
    executable(tmp_path / "slow" / "uv", f"#!/bin/sh\ncase \"$*\" in *'{words}'*) {stall};; esac\nexec '{UV}' \"$@\"\n")
    for tool in ("touch", "sleep"):
        (tmp_path / "tools" / tool).symlink_to(str(shutil.which(tool)))
    checkout.path.insert(0, tmp_path / "slow")
    return mark


@pytest.mark.parametrize("words", ["pip sync", "pip install"])
def test_killed_in_the_middle_the_next_run_repairs_it(checkout: Checkout, tmp_path: Path, words: str) -> None:
    mark = stall_at(checkout, tmp_path, words)
    with checkout.start() as first:
        wait_until(mark.exists, 60, "uv stalls")
        os.killpg(first.pid, signal.SIGKILL)
    assert not checkout.works()
    checkout.take_away("slow")
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_the_next_run_waits_for_what_a_killed_one_left_running(checkout: Checkout, tmp_path: Path) -> None:
    mark = stall_at(checkout, tmp_path, "pip sync")
    with checkout.start() as first:
        try:
            wait_until(mark.exists, 60, "uv stalls")
            first.kill()
            checkout.take_away("slow")
            with checkout.start() as second:
                assert second.stderr is not None
                assert "waiting for another one" in second.stderr.readline()
                (tmp_path / "go").touch()
                assert second.wait(60) == 0
        finally:
            (tmp_path / "go").touch()
    assert checkout.works()


def test_two_at_once_make_one_environment(checkout: Checkout) -> None:
    with checkout.start() as one, checkout.start() as two:
        said = [process.communicate(timeout=90)[1] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0)
    assert sum("making .venv" in text for text in said) == 1
    assert checkout.works()


def test_an_activated_environment_is_not_used_to_make_itself_anew(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    assert checkout.setup().returncode == 0
    (checkout.venv / ".chaos-aura").unlink()
    checkout.path.insert(0, checkout.venv / "bin")
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()


def test_a_moved_checkout_is_repaired(checkout: Checkout, tmp_path: Path) -> None:
    assert checkout.setup().returncode == 0
    checkout.root = checkout.root.rename(tmp_path / "moved")
    assert not checkout.works()
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_an_environment_whose_python_is_gone_is_repaired(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    python = checkout.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.12")
    assert checkout.setup().returncode == 0
    assert checkout.works()
