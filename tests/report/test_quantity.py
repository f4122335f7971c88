"""Numbers as people read them: no figure says more, or better, than what was measured."""

import time

import pytest

from chaos_aura.report.bar import bar
from chaos_aura.report.plain_text import one_line, writable
from chaos_aura.report.quantity import latency, percent, spent, when


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (3725, "62 min 05 s"),
    ],
)
def test_time_spent(seconds: float, told: str) -> None:
    assert spent(seconds) == told


@pytest.mark.parametrize(
    ("ms", "told"), [(0.04, "0.0 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"), (999.4, "999 ms"), (999.6, "1.00 s")]
)
def test_latency(ms: float, told: str) -> None:
    assert latency(ms) == told


@pytest.mark.parametrize(
    ("share", "told"), [(0.0, "0.0 %"), (0.9829, "98.2 %"), (0.99999, "99.9 %"), (1.0, "100 %"), (1.2, "100 %")]
)
def test_what_is_not_all_of_it_is_never_called_so(share: float, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(
    ("share", "told"),
    [(-1, "────"), (0, "────"), (0.01, "━───"), (0.5, "━━──"), (0.999, "━━━─"), (1, "━━━━"), (9, "━━━━")],
)
def test_a_bar_is_full_only_when_it_is(share: float, told: str) -> None:
    assert bar(share, 4).plain == told


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-40", "9999999999"])
def test_what_is_no_time_is_told_as_none(text: str) -> None:
    assert when(text) == ""


def test_the_time_of_day_is_that_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert when("2026-11-29T09:30:12.120+00:00") == "2026-11-29 11:30:12"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_others_text_is_one_line_that_steers_nothing() -> None:
    assert one_line(" a\r\n\x1b[2J\tb\u202e ") == "a [2J b"


@pytest.mark.parametrize(
    ("encoding", "told"), [(None, "✓ Zoë"), ("utf-8", "✓ Zoë"), ("ascii", "+ Zo?"), ("none", "+ Zo?")]
)
def test_as_much_is_written_as_the_stream_can(encoding: str | None, told: str) -> None:
    assert writable("✓ Zoë", encoding) == told
