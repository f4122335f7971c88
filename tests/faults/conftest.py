"""Homes with a fake injector."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_home import FakeHome, fake_home, install_fake


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHome]:
    plug_ins = install_fake(tmp_path / "plug-ins")
    monkeypatch.setenv("PYTHONPATH", str(plug_ins))
    with fake_home(tmp_path / "project", plug_ins) as made:
        yield made
