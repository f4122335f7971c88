"""A result in the terminal: of every outcome, at any width, and whatever is missing in it."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text
from run_results import AGAIN, FOLDER, OUTCOMES, TITLE, result_of

from chaos_aura.load.capacity import DISTURBED
from chaos_aura.report.outcomes import MEANINGS, REFUSED, REFUSED_DRY
from chaos_aura.report.summary import summary

_WIDTHS = (40, 80, 200)
_BACKGROUND = {"pass": "42", "fail": "41", "unknown": "43"}


def words(text: str) -> str:
    """However it is wrapped."""
    return " ".join(text.split())


def test_there_is_a_meaning_for_each_outcome_of_the_contract() -> None:
    assert MEANINGS.keys() == OUTCOMES.keys()


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_verdict_is_the_first_line_and_the_rest_is_there(outcome: str, width: int) -> None:
    told = summary(result_of(outcome), width, False)
    assert told.startswith(f"{OUTCOMES[outcome].upper()}  {outcome}: Tenants")
    for expected in (
        TITLE,
        MEANINGS[outcome].sentence[1:],
        MEANINGS[outcome].next_step,
        *result_of(outcome)["reasons"][:5],
    ):
        assert words(expected) in words(told.replace("· ", ""))
    assert FOLDER in told
    assert AGAIN in told
    assert "\x1b" not in told


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_colour_changes_nothing_but_the_banner(outcome: str, width: int) -> None:
    coloured = summary(result_of(outcome), width, True)
    seen = Text.from_ansi(coloured).plain
    assert f";{_BACKGROUND[OUTCOMES[outcome]]}m" in coloured.splitlines()[0]
    assert words(seen) == words(summary(result_of(outcome), width, False).replace("━" * min(width, 110), ""))


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_what_is_to_be_copied_is_wider(outcome: str, width: int) -> None:
    lines = summary(result_of(outcome), width, False).splitlines()
    assert [line for line in lines if cell_len(line) > width and FOLDER not in line and AGAIN not in line] == []
    assert all(line == line.rstrip() for line in lines)


def test_one_that_passed_as_a_person_sees_it() -> None:
    lines = summary(result_of("passed"), 80, False).splitlines()
    assert lines[5:20] == [
        "why          · recovered within 2.25 to 2.31 s of 30 s",
        "             · no GPU had two owners",
        "             · nothing acknowledged was lost",
        "judged       ✓ recovery, ✓ consistency, ✓ hypothesis",
        "times        degraded      0.31 s (0.25 to 0.33)",
        "             detected      0.92 s",
        "             recovered    17.43 s (17.37 to 17.43)",
        "             since healed  2.31 s (2.25 to 2.31)   ━─────────── 7.7 % of 30 s",
        "operations     ok  failed  unknown  good  slow  bad     p50     p95     p99",
        "allocate      311       4        2   300     3   14  212 ms  611 ms  1.31 s",
        "release       309       0        2   307     2    2   48 ms  120 ms  340 ms",
        "canary       1402      18        0  1402     0   18  1.2 ms  3.4 ms  9.2 ms",
        "consistency  311 acknowledged, 0 lost, 0 doubled, 0 disagreeing, 0 leaked",
        "load         baseline, 4.5/s of a capacity of 15/s, 317 of 317 arrivals begun,",
        "             at most 1.2 ms late (p99)",
    ]


def test_in_a_narrow_terminal_nothing_of_the_times_is_cut() -> None:
    lines = summary(result_of("passed"), 40, False).splitlines()
    since = lines.index("times") + 1
    assert lines[since : since + 5] == [
        "  degraded      0.31 s (0.25 to 0.33)",
        "  detected      0.92 s",
        "  recovered    17.43 s (17.37 to 17.43)",
        "  since healed  2.31 s (2.25 to 2.31)",
        "  since healed: 7.7 % of 30 s",
    ]


def test_the_first_five_reasons_are_told_and_the_others_counted() -> None:
    told = words(summary(result_of("failed"), 80, False))
    assert "operation 2" in told
    assert "operation 3" not in told
    assert "and 2 more in result.json" in told


def test_what_was_lost_doubled_and_leaked_is_named() -> None:
    told = summary(result_of("failed"), 80, False)
    assert "2 lost, 1 doubled, 0 disagreeing, 2 leaked" in told
    assert "lost: 01kb7q9x3m-17, 01kb7q9x3m-19" in told
    assert "leaked: 2 t4" in told


def test_a_dry_run_lists_what_it_would_touch() -> None:
    told = words(summary(result_of("dry"), 80, False))
    assert "latency worker.neo4j latency_ms=200 by toxiproxy would touch the toxics of proxy worker.neo4j" in told
    assert "in force" not in told


def test_a_dry_run_tells_what_would_be_refused_and_what_nobody_knows() -> None:
    result = result_of("dry")
    result["reasons"].insert(0, "stop of cach would be refused: cach: no such target")
    fault = {"kind": "stop", "target": "cach", "parameters": {}, "wrong": "cach: no such target"}
    result["faults"] = [fault, fault | {"wrong": "it is down", "unknown": True}]
    told = words(summary(result, 80, False))
    assert "stop cach would be refused: cach: no such target stop cach what it would touch is not known" in told
    assert f"next {REFUSED_DRY.next_step}" in told


def test_a_run_that_was_refused_before_any_fault_was_tried_says_so() -> None:
    told = words(summary(result_of("fault not injected") | {"faults": []}, 80, False))
    assert f"next {REFUSED.next_step}" in told
    assert "what is possible here" not in told


def test_what_a_real_run_touched_is_not_told_as_if_it_were_dry() -> None:
    result = result_of("passed")
    result["faults"][0]["touches"] = ["the process of neo4j"]
    assert "touch" not in summary(result, 80, False)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("fault not injected", "not proven in force"),
        ("fault not healed", "in force, and not proven gone"),
        ("inconclusive", "noisy for 12.40 s"),
        ("passed", "in force for 15.12 s"),
    ],
)
def test_a_fault_and_the_machine_are_told_as_they_were(outcome: str, said: str) -> None:
    assert said in summary(result_of(outcome), 80, False)


def changed(path: str, value: Any) -> dict[str, Any]:
    result = result_of("passed")
    part = result
    *way, last = path.split("/")
    for step in way:
        part = part[step]
    part[last] = value
    return result


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("consistency/lost", None, "lost not measured"),
        ("consistency/leaked", {"t4": 0}, "0 leaked"),
        ("recovery/degraded", {}, "degraded     not measured"),
        ("recovery/degraded", None, "degraded     none seen"),
        ("recovery/state", "never hurt", "times        never hurt"),
        ("recovery/recovered_from_healed/at_s", 33.0, "110 % of 30 s"),
        ("recovery/recovered_from_healed/high_s", None, "(2.25 or later)"),
        ("recovery/counts_from", "the fault in force", "58.1 % of 30 s"),
        ("load/lag_p99_ms", None, "how late it was: not measured"),
        ("load/capacity_origin", DISTURBED, "4.5/s of a capacity of 15/s, measured beside other work,"),
        ("faults", [], "No fault was injected; all that was asked for was measured and good."),
        ("outcome", "of another version", "PASS  of another version: "),
        ("verdict", "splendid", "UNKNOWN  passed: "),
    ],
)
def test_what_is_missing_is_said_or_left_out(path: str, value: Any, said: str) -> None:
    told = summary(changed(path, value), 80, False)
    assert said in told
    assert "…" not in told


def test_large_numbers_are_never_cut() -> None:
    told = summary(changed("operations/allocate/ok", 123_456_789_012), 80, False)
    assert "123456789012 ok, 4 failed" in told


def test_nothing_at_all_is_no_pass() -> None:
    assert summary({}, 80, False).startswith("UNKNOWN")


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    nasty = "\x1b[2J\r\n[red]\x07"
    result = changed("reasons", [nasty]) | {"folder": nasty, "again": nasty, "outcome": nasty}
    result["experiment"]["title"] = nasty
    result["faults"][0] |= {"kind": nasty, "parameters": {nasty: nasty}}
    told = summary(result, 80, False)
    assert re.findall(r"[\x00-\x09\x0b-\x1f]", told) == []
    assert "[red]" in told


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["at_s", "low_s", "ok", "what", "verdict"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def places(part: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [place for step, inner in steps for place in ((*way, step), *places(inner, (*way, step)))]


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A real result in which some parts are missing, null or something else."""
    result = result_of(draw(st.sampled_from(list(OUTCOMES))))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.sampled_from(places(result)))
        part: Any = result
        for step in place[:-1]:
            part = part[step]
        if isinstance(part, dict) and draw(st.booleans()):
            del part[place[-1]]
        else:
            part[place[-1]] = draw(_ANYTHING)
    return result


@given(result=damaged(), width=st.integers(1, 250), colour=st.booleans())
def test_no_damage_keeps_the_verdict_from_being_told(result: dict[str, Any], width: int, colour: bool) -> None:
    told = Text.from_ansi(summary(result, width, colour)).plain.strip()
    verdict = result.get("verdict")
    assert told.startswith(verdict.upper() if verdict in ("pass", "fail") else "UNKNOWN")


@given(result=damaged(), width=st.integers(20, 250))
def test_no_damage_makes_a_line_too_wide(result: dict[str, Any], width: int) -> None:
    to_copy = {"folder": None, "again": None}
    told = summary(result | to_copy, width, False)
    assert max(cell_len(line) for line in told.splitlines()) <= width
