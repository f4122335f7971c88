"""Lines in their styles: nothing of them is lost, whatever the width, and a screen shows them as wide as they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from chaos_aura.report.grid import grid, has_room
from chaos_aura.report.line import Line, cells_of
from chaos_aura.report.plain_text import one_line

STYLES = st.sampled_from(["", "bold", "dim", "bold red", "bold white on green", "on yellow"])
WORDS = st.one_of(st.text(max_size=30), st.text("ab ", max_size=30)).map(one_line)
LINES = st.lists(st.tuples(WORDS, STYLES), max_size=4).map(lambda pieces: Line.of(*pieces))
_WIDEST_CHARACTER = 2


@given(words=WORDS)
def test_it_is_as_wide_as_a_screen_shows_it(words: str) -> None:
    assert cells_of(words) >= cell_len(words)
    if words.isascii() or all("\u0370" <= each <= "\u03ff" or "\u4e00" <= each <= "\u9fa5" for each in words):
        assert cells_of(words) == cell_len(words)


@given(line=LINES, width=st.integers(1, 40))
def test_wrapped_it_fits_and_no_word_is_lost(line: Line, width: int) -> None:
    wrapped = line.wrapped(width)
    assert all(each.cells <= max(width, _WIDEST_CHARACTER) for each in wrapped)
    assert "".join(each.plain for each in wrapped).replace(" ", "") == line.plain.replace(" ", "")
    assert len(wrapped) == 1 or line.cells > width


def test_it_is_broken_between_words_and_within_one_that_is_too_long() -> None:
    line = Line.of("  all of it ", ("unbelievable", "bold"))
    assert [each.plain for each in line.wrapped(9)] == ["  all of", "it", "unbelieva", "ble"]
    assert [each.pieces[-1] for each in line.wrapped(9)[2:]] == [("unbelieva", "bold"), ("ble", "bold")]


@given(line=LINES, width=st.integers(1, 40))
def test_cut_it_fits_and_says_so(line: Line, width: int) -> None:
    cut = line.cut(width)
    assert cut.cells <= width
    assert cut == line if line.cells <= width else cut.plain.endswith("…")


@given(line=LINES)
def test_colour_adds_nothing_that_is_seen(line: Line) -> None:
    coloured = line.written(has_colour=True)
    assert Text.from_ansi(coloured).plain == line.plain
    assert line.written(has_colour=False) == line.plain
    assert ("\x1b" in coloured) == any(words and style for words, style in line.pieces)


@pytest.mark.parametrize(
    ("style", "codes"), [("bold red", "1;31"), ("dim", "2"), ("bold white on green", "1;37;42"), ("on yellow", "43")]
)
def test_the_codes_of_a_style(style: str, codes: str) -> None:
    assert Line.of(("x", style)).written(has_colour=True) == f"\x1b[{codes}mx\x1b[0m"


def test_columns_are_as_wide_as_their_widest() -> None:
    rows = [[Line.of("name"), Line.of("p99")], [Line.of("allocate"), Line.of("1.31 s")], [Line.of("nobody")]]
    assert [each.plain for each in grid(rows, (False, True), gap=2)] == [
        "name         p99",
        "allocate  1.31 s",
        "nobody  ",
    ]
    assert grid(rows[:1], (False, True), gap=1, first=6)[0].plain == "name   p99"
    assert has_room(grid(rows, (False, True), gap=2), 16)
    assert not has_room(grid(rows, (False, True), gap=2), 15)
