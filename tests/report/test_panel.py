"""What the live region shows fits any width, and what is wrong is seen at each."""

import pytest
from standings import SERVICES, hurt, usual

from chaos_aura.report.panel import panel
from chaos_aura.run.standing import FaultNow, LoadNow, Phase, Standing


def shown(standing: Standing, width: int) -> list[str]:
    return [line.plain for line in panel(standing, width)]


@pytest.mark.parametrize("width", [1, 12, 39, 79, 199])
@pytest.mark.parametrize("phase", Phase)
def test_no_line_is_wider(phase: Phase, width: int) -> None:
    standing = hurt(note="a note that says a lot of what nobody has room for " * 3)
    lines = panel(Standing(phase, 1.0), width) + panel(standing, width)
    assert max(line.cells for line in lines) <= width


def test_every_phase_says_where_it_is() -> None:
    for phase in Phase:
        lines = shown(Standing(phase, 1.0, load=LoadNow(4.5, 3)), 100)
        assert phase.value.upper() in lines[1]
        assert phase.sentence in lines[2]
        assert phase.value.upper() in shown(Standing(phase, 1.0), 30)[1]


def test_what_nobody_could_say_is_left_out() -> None:
    assert len(shown(Standing(Phase.PREFLIGHT, 1.0), 80)) == 3


def test_where_there_is_no_room_what_is_wrong_stays() -> None:
    health: dict[str, bool | None] = dict.fromkeys(SERVICES, True) | {"neo4j": False, "api": None}
    lines = shown(hurt(health=health), 39)
    assert lines[-2:] == ["breakers  neo4j open  2 closed", "health    ✗ neo4j  ? api  6 healthy"]


def test_a_service_that_nobody_could_ask_is_not_called_healthy() -> None:
    assert shown(usual(health={"api": None}), 80)[-1] == "health    ? api"


def test_many_faults_are_counted() -> None:
    faults = tuple(FaultNow(f"kill worker-{number}", "in force", 1.0) for number in range(6))
    lines = shown(hurt(faults=faults), 80)
    assert lines[3:8] == [
        "faults    kill worker-0: in force for 1.0 s",
        *(f"          kill worker-{number}: in force for 1.0 s" for number in (1, 2, 3)),
        "          and 2 more",
    ]


def test_names_of_others_cannot_steer_the_terminal() -> None:
    faults = (FaultNow("kill \x1b[2Jneo4j\n[red]", "in\rforce", 1.0),)
    text = "\n".join(shown(hurt(faults=faults, breakers={"a\x1b[H": "o\npen"}, note="\x07!"), 80))
    assert "kill [2Jneo4j [red]: in force" in text
    assert "\x1b" not in text


def test_time_that_ran_over_fills_the_bar_and_no_more() -> None:
    line = shown(hurt(40.0), 80)[2]
    assert line.startswith("━" * 26 + " 40 s of 15 s")
