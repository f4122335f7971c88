"""A machine that stands still for seconds is no reason to lose the leave to fill a window."""

import pytest

from chaos_aura.platform.stores import contexts

_A_MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def leave_to_fill_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_FILL_WITHIN_MS", _A_MINUTE_MS)
