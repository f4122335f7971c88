"""A folder for a supervisor, in which nothing is left running."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervised import MARK, Home, supervised


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv(MARK, str(tmp_path))
    with supervised(tmp_path, {**os.environ, "PYTHONUNBUFFERED": "1"}) as made:
        yield made
