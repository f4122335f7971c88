"""What becomes of a test that needs an engine where there is none: skipped with the reason, or failed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from docker_engine import BASE_IMAGE, base_image_of, reached
from docker_fixtures import NO_ENGINE

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import MachineLacks

ROOT = Path(__file__).resolve().parents[2]
_NEEDS_ENGINE = f"{Path(__file__).relative_to(ROOT)}::test_one_that_needs_an_engine"
_NOWHERE = {"DOCKER_HOST": "unix:///nowhere.sock"}
_NO_SKIPS = {"CHAOS_AURA_NO_SKIPS": "yes"}
_NONE_HERE = {NO_ENGINE: "dockerd ended: no cgroups"}


def test_one_that_needs_an_engine(contain: Callable[..., Container]) -> None:
    assert contain(start=False)


def run(**environ: str) -> "subprocess.CompletedProcess[str]":
    """That test alone, as somebody with this environment runs it."""
    known = {name: value for name, value in os.environ.items() if name not in (*_NO_SKIPS, NO_ENGINE)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", _NEEDS_ENGINE]
    return subprocess.run(
        command, cwd=ROOT, env={**known, **environ}, capture_output=True, text=True, timeout=90, check=False
    )


def test_without_an_engine_it_is_skipped_and_says_how_to_start_one() -> None:
    done = run(**_NOWHERE)
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert "does not run: there is no unix:///nowhere.sock; start it with: scripts/docker_engine start" in done.stdout


def test_where_nothing_may_be_skipped_that_is_a_failure() -> None:
    done = run(**_NOWHERE, **_NO_SKIPS)
    assert done.returncode == 1
    assert "skipped, although CHAOS_AURA_NO_SKIPS is set" in done.stdout
    assert "there is no unix:///nowhere.sock" in done.stdout


def test_but_not_on_a_machine_that_can_run_none() -> None:
    done = run(**_NONE_HERE, **_NO_SKIPS)
    assert done.returncode == 0
    assert "no Docker engine: dockerd ended: no cgroups" in done.stdout


def test_an_engine_of_another_machine_is_not_used() -> None:
    entering = reached({"DOCKER_HOST": "tcp://10.0.0.1:2375"})
    with pytest.raises(MachineLacks, match=r"tcp://10.0.0.1:2375 is on another machine, .*; unset DOCKER_HOST"):
        entering.__enter__()


def test_the_base_image_is_the_one_that_was_named() -> None:
    assert base_image_of({BASE_IMAGE: "my/debian"}) == "my/debian"


def test_a_base_image_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'nobody is at home' >&2\nexit 1\n")
    docker.chmod(0o755)
    with pytest.raises(
        MachineLacks, match=r"base image: the Docker engine does not answer: nobody is at home; .*BASE_IMAGE"
    ):
        base_image_of({"PATH": f"{tmp_path}:{os.environ['PATH']}"})
