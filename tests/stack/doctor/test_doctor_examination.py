"""A check that crashes or hangs is a finding, and spoils no other."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaos_aura.core.errors import FetchFailed, MachineLacks
from chaos_aura.core.project import Project
from chaos_aura.stack.doctor.examination import Check, examine
from chaos_aura.stack.doctor.finding import Finding, Group, State, local_stack_can_run, summary
from chaos_aura.stack.doctor.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(Project(tmp_path), {})


def sees(_: Scene) -> Iterator[Finding]:
    yield Finding("well", Group.MACHINE, State.OK, "there")


def crashes(_: Scene) -> Iterator[Finding]:
    yield Finding("half", Group.MACHINE, State.OK, "never told: the look did not end")
    raise RuntimeError("on two\nlines")


def lacks(_: Scene) -> Iterator[Finding]:
    raise MachineLacks("java", "none", "run: install it")


def fails(_: Scene) -> Iterator[Finding]:
    raise FetchFailed("part", "was refused", "ask somebody")


def test_findings_come_in_the_order_of_the_checks(scene: Scene) -> None:
    checks = [Check(name, Group.STACK, look) for name, look in (("a", lacks), ("b", sees), ("c", fails))]
    assert [finding.subject for finding in examine(checks, scene)] == ["a", "well", "c"]


def test_a_crash_is_told_in_one_line_and_hides_nothing_else(scene: Scene) -> None:
    crashed, well = examine([Check("part", Group.STACK, crashes), Check("b", Group.STACK, sees)], scene)
    assert crashed.state is State.BROKEN
    assert crashed.seen == "could not be looked at (RuntimeError: on two lines)"
    assert crashed.remedy
    assert well.is_ok


def test_what_is_needed_and_not_known_blocks(scene: Scene) -> None:
    for is_needed in (True, False):
        [crashed] = examine([Check("part", Group.STACK, crashes, is_needed=is_needed)], scene)
        assert local_stack_can_run([crashed]) is not is_needed


def test_what_is_lacking_comes_with_its_remedy_and_what_it_rules_out(scene: Scene) -> None:
    [lacking] = examine([Check("java", Group.STACK, lacks, is_needed=True, rules_out=("clock_skew",))], scene)
    assert (lacking.state, lacking.seen, lacking.remedy) == (State.MISSING, "none", "install it")
    assert lacking.blocks
    assert lacking.cannot == ("clock_skew",)


def test_another_error_of_ours_is_told_whole(scene: Scene) -> None:
    [failed] = examine([Check("part", Group.STACK, fails)], scene)
    assert (failed.state, failed.seen) == (State.BROKEN, "part: was refused; ask somebody")


def test_one_that_hangs_is_cut_off_and_the_others_are_told(scene: Scene) -> None:
    release = threading.Event()

    def hangs(_: Scene) -> Iterator[Finding]:
        assert release.wait(60), "it was waited for"
        yield from sees(_)

    try:
        # The other has time enough, also where it must wait for a processor.
        checks = [Check("part", Group.STACK, hangs), Check("b", Group.STACK, sees, hashes=True)]
        hanging, well = examine(checks, replace(scene, is_deep=True), quick_s=1)
    finally:
        release.set()
    assert hanging.seen == "gave no answer within 1 s"
    assert hanging.state is State.BROKEN
    assert well.is_ok


def test_the_closing_sentence() -> None:
    well = Finding("a", Group.MACHINE, State.OK, "")
    skew = Finding("b", Group.INJECTORS, State.MISSING, "", cannot=("clock_skew",))
    loss = Finding("c", Group.INJECTORS, State.MISSING, "", cannot=("packet_loss", "clock_skew"))
    blocking = Finding("java", Group.STACK, State.MISSING, "", blocks=True)
    assert summary([well]) == "The local stack can run here, and every kind of fault."
    assert summary([well, skew]) == "The local stack can run here. 1 kind of fault cannot: clock_skew."
    assert summary([skew, loss]) == "The local stack can run here. 2 kinds of fault cannot: clock_skew, packet_loss."
    assert summary([blocking, loss]) == "The local stack cannot run as things are: java."
