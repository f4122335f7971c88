"""Lines for a file or a pipe: what changed, once."""

from standings import hurt, usual

from chaos_aura.report.changes import Changes
from chaos_aura.run.standing import FaultNow, Phase, Standing


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_change_is_told_once() -> None:
    changes = Changes(Clock())
    assert changes.of(usual()) == ["baseline: measuring how it usually is (at most 10 s)"]
    assert changes.of(usual(since_s=4.0)) == []
    assert len(changes.of(hurt())) == 3
    assert changes.of(hurt()) == []


def test_a_fault_is_followed_to_its_end() -> None:
    changes = Changes(Clock())
    changes.of(hurt())
    healed = hurt(faults=(FaultNow("stop neo4j", "healed", 0.1),))
    assert changes.of(healed) == ["fault stop neo4j: healed"]
    assert changes.of(hurt(faults=())) == ["fault stop neo4j: ended"]


def test_breakers_are_followed_and_closed_ones_are_no_news() -> None:
    changes = Changes(Clock())
    assert all("breaker" not in line for line in changes.of(usual()))
    assert changes.of(usual(breakers={"neo4j": "open"})) == ["breaker neo4j: closed -> open"]
    assert changes.of(usual(breakers={"neo4j": "half-open"})) == ["breaker neo4j: open -> half-open"]
    assert changes.of(usual(breakers={})) == []


def test_a_heartbeat_comes_when_nothing_else_did() -> None:
    clock = Clock()
    changes = Changes(clock)
    told = []
    for second in range(61):
        clock.now_s = float(second)
        told += [(second, line) for line in changes.of(Standing(Phase.RECOVERY, float(second), note="still bad"))]
    assert [second for second, _ in told] == [0, 10, 20, 30, 40, 50, 60]
    assert told[1][1] == "recovery for 10 s, still bad"


def test_names_of_others_stay_in_one_line() -> None:
    lines = Changes(Clock()).of(hurt(faults=(FaultNow("kill\nneo4j\x1b[2J", "in force", 1.0),)))
    assert "fault kill neo4j [2J: in force" in lines
