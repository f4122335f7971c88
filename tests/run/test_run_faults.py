from typing import Any

from chaos_aura.run.faults import FaultStory, told_faults


def event(name: str, at_ns: int, lease: str = "l1", **told: Any) -> dict[str, Any]:
    return {"event": name, "monotonic_ns": at_ns, "lease": lease, "kind": "stop", "target": "neo4j", **told}


def story(*events: dict[str, Any]) -> FaultStory:
    [found] = told_faults(events)
    return found


def test_one_that_was_held_and_healed_is_told_with_its_moments() -> None:
    found = story(
        event("fault.asked", 1, parameters={"kb": 5}),
        event("fault.prepared", 2, injector="process"),
        event("fault.in_force", 3, seen="it is stopped"),
        event("fault.proven", 4),
        event("fault.healed", 5, seen="it runs"),
    )
    assert (found.asked_ns, found.in_force_ns, found.healed_ns, found.lost_ns) == (1, 3, 5, None)
    assert (found.injector, found.seen, found.gone, dict(found.parameters)) == (
        "process",
        "it is stopped",
        "it runs",
        {"kb": 5},
    )
    assert str(found) == "stop of neo4j"


def test_it_was_lost_when_that_was_seen_first() -> None:
    found = story(event("fault.in_force", 3), event("fault.not_held", 4), event("fault.not_held", 6))
    assert found.lost_ns == 4


def test_one_that_was_stuck_and_healed_later_is_stuck_no_more() -> None:
    stuck = [event("fault.in_force", 3), event("fault.stuck", 4, seen="no answer")]
    assert story(*stuck).stuck == "no answer"
    assert story(*stuck, event("fault.healed", 9, seen="gone")).stuck == ""


def test_what_was_refused_says_why_and_hurt_nobody() -> None:
    found = story(event("fault.asked", 1), event("fault.refused", 2, why="no injector for it"))
    assert (found.wrong, found.in_force_ns) == ("no injector for it", None)


def test_what_is_no_fault_or_has_no_lease_tells_nothing() -> None:
    assert told_faults([event("run.phase", 1), event("fault.asked", 2, lease="")]) == ()


def test_several_come_in_the_order_in_which_they_were_asked_for() -> None:
    events = [event("fault.in_force", 5, "l2"), event("fault.asked", 1, "l1"), event("fault.asked", 4, "l2")]
    assert [each.lease for each in told_faults(events)] == ["l1", "l2"]
