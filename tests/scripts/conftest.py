"""A checkout of a test's own, on a machine that has a good Python and uv, and little else."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from setup_checkout import CACHE, GOOD_PYTHON, OF_THE_NETWORK, UV, Checkout, copy_checkout, executable, system_tools


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    root = tmp_path / "my chäos checkout"
    root.mkdir()
    copy_checkout(root)
    good, uv = tmp_path / "good", tmp_path / "uv"
    executable(good / "python3.12", f'#!/bin/sh\nexec "{GOOD_PYTHON}" "$@"\n')
    uv.mkdir()
    (uv / "uv").symlink_to(UV)
    env = {
        **{name: value for name, value in os.environ.items() if OF_THE_NETWORK.match(name)},
        "HOME": str(tmp_path / "home"),
        "PYENV_ROOT": str(tmp_path / "no pyenv"),
        "CHAOS_AURA_PYTHON_FOLDERS": "",
        "UV_CACHE_DIR": CACHE,
        "TMPDIR": str(tmp_path),
    }
    yield Checkout(root, [good, uv, system_tools(tmp_path / "tools")], env)
    shutil.rmtree(tmp_path, ignore_errors=True)
