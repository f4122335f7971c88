"""The contract on the injector that hurts nobody, and what it finds in injectors that do not keep it."""

import os
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service, Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.ground import Ground

_REDIS = Service("redis", Address("127.0.0.1", 1), "", "1")
_FAULT = Fault("pretend", "redis", {"writes": "nothing", "hurts": "nobody", "needs": "nobody"}, 5)


class NeedsItsTarget(FakeInjector):
    """Its target is away while there is a file of that name."""

    def heal(self, undo: Undo) -> None:
        if (self.folder / "away").exists():
            raise TargetUnfit("redis", "is away")
        super().heal(undo)


def case_of(folder: Path, kind: type[FakeInjector] = FakeInjector, **more: Any) -> Case:
    injector = kind(Ground(folder, dict(os.environ)))
    away = injector.folder / "away"
    case = Case(
        injector,
        _FAULT,
        _REDIS,
        str(folder),
        restart=lambda: None,
        remove=away.touch,
        restore=lambda: away.unlink(missing_ok=True),
        gone_within_s=0.3,
        hurts=lambda: bool(injector.struck()),
    )
    return replace(case, **more)


class TestFake(InjectorContract):
    @pytest.fixture(
        params=[
            {},
            {"stays_when_restarted": True},
            {"stays_when_restarted": True, "heals_without_target": True},
            {"hurts": None},
            {"restart": None, "remove": None, "why_not_ended": "it pretends to have ended"},
        ],
        ids=["a process", "what outlives it", "and is healed without it", "no witness", "not ended"],
    )
    def case(self, request: pytest.FixtureRequest, tmp_path: Path) -> Case:
        return case_of(tmp_path, **request.param)


def end(case: Case, request: pytest.FixtureRequest) -> None:
    InjectorContract().test_it_heals_when_the_target_is_gone(case, request)


def test_healing_without_the_target_is_tried_only_where_it_is_said_to_work(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    end(case_of(tmp_path, NeedsItsTarget, stays_when_restarted=True), request)
    with pytest.raises(AssertionError, match="not gone: redis: is away"):
        end(case_of(tmp_path, NeedsItsTarget, stays_when_restarted=True, heals_without_target=True), request)


def test_what_comes_back_with_the_target_was_not_healed_without_it(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = case_of(tmp_path, stays_when_restarted=True, heals_without_target=True)
    kept: list[str] = []

    def remove() -> None:
        kept.extend(case.injector.struck())  # type: ignore[attr-defined]

    def restore() -> None:
        for name in kept:
            (tmp_path / "faults" / "fake" / "struck" / name).touch()

    with pytest.raises(AssertionError, match="not gone: its file is there"):
        end(replace(case, remove=remove, restore=restore), request)


@pytest.mark.parametrize(
    ("act", "answers", "says"),
    [
        (lambda case: case.prepared(), [True], "prepared, but `hurts` says True"),
        (lambda case: case.injected(), [False, False], "proven in force, but `hurts` says False"),
        (lambda case: case.healed(case.injected()), [False, True, True], "proven gone, but `hurts` says True"),
        (lambda case: case.await_gone(case.prepared()), [False, True], "proven gone, but `hurts` says True"),
    ],
    ids=["prepared", "in force", "healed", "gone by itself"],
)
def test_the_witness_is_asked_after_each_proof(
    tmp_path: Path, act: Callable[[Case], object], answers: list[bool], says: str
) -> None:
    left = iter(answers)
    with pytest.raises(AssertionError, match=says):
        act(case_of(tmp_path, hurts=lambda: next(left)))
    assert not list(left)


class PreparesWithAnEffect(FakeInjector):
    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        undo = super().prepare(fault, target, lease_id)
        super().inject(undo)
        return undo


def fail() -> None:
    raise ZeroDivisionError("what failed")


@pytest.mark.parametrize(
    ("kind", "more", "run", "failed"),
    [
        (PreparesWithAnEffect, {}, "test_preparing_has_no_effect", "prepared, but"),
        (PreparesWithAnEffect, {"hurts": None}, "test_preparing_has_no_effect", "its file is there"),
        (FakeInjector, {"hurts": lambda: False}, "test_it_is_proven_in_force_and_gone", "proven in force, but"),
        (FakeInjector, {"restart": fail}, "test_it_heals_when_the_target_was_restarted", "what failed"),
        (FakeInjector, {"remove": fail, "restore": fail}, "test_it_heals_when_the_target_is_gone", "what failed"),
        (
            NeedsItsTarget,
            {"heals_without_target": True},
            "test_it_heals_when_the_target_is_gone",
            "not gone: redis: is",
        ),
    ],
    ids=["prepared", "prepared, no witness", "in force", "restarted", "removed, and not restored", "away"],
)
def test_one_that_fails_leaves_no_fault_and_tells_what_failed(
    tmp_path: Path, kind: type[FakeInjector], more: dict[str, Any], run: str, failed: str
) -> None:
    case = case_of(tmp_path, kind, **more)
    with pytest.raises((AssertionError, ZeroDivisionError), match=failed):
        run_test(run, case)
    assert case.injector.struck() == set()  # type: ignore[attr-defined]


def test_one_that_cannot_be_healed_hides_no_failure(tmp_path: Path) -> None:
    case = case_of(tmp_path, hurts=lambda: False)
    case.injector.tell("heal", "crash")  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="proven in force, but"):
        case.injected()


@pytest.mark.parametrize("run", ["test_it_heals_twice", "test_it_heals_from_another_process"])
@pytest.mark.parametrize("momentary", [True, False])
def test_healing_what_is_momentary_shows_nothing(tmp_path: Path, run: str, momentary: bool) -> None:
    """It is done all the same, and may not fail."""
    case = case_of(tmp_path)
    case.injector.own_kinds = (replace(case.injector.own_kinds[0], momentary=momentary),)  # type: ignore[attr-defined]
    assert bool(run_test(run, case)) == momentary
    assert case.injector.struck() == set()  # type: ignore[attr-defined]


def run_test(name: str, case: Case) -> list[tuple[str, str]]:
    """With what it has told of itself."""
    test, node = getattr(InjectorContract(), name), SimpleNamespace(user_properties=[])
    asked = SimpleNamespace(node=node, config=SimpleNamespace(pluginmanager=pytest.PytestPluginManager()))
    test(case, *[asked] * ("request" in signature(test).parameters))
    return list(node.user_properties)


def test_a_case_that_ends_no_target_says_why(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with pytest.raises(AssertionError, match="a case without `remove` says why"):
        end(case_of(tmp_path, remove=None), request)
