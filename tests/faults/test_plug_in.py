"""A plug-in that does not keep the contract is told from what is wrong with it, as it loads."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from fake_home import FakeHome

from chaos_aura.core.errors import BadInput, ChaosAuraError, FaultImpossible, PlugInBroken
from chaos_aura.core.fault import Capability, Fault, no
from chaos_aura.core.kind import Kind
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.plug_in import load_plug_in
from chaos_aura.faults.possibilities import possibilities
from chaos_aura.faults.registry import Registry


class Entry:
    """An entry point that leads to what a test has made."""

    name, value, group = "fake", "somebodys.module:Injector", "chaos_aura.injectors"

    def __init__(self, made: object) -> None:
        self._made = made

    def load(self) -> object:
        return self._made


def variant(**changed: Any) -> Entry:
    return Entry(type("Changed", (FakeInjector,), changed))


def _says_it_in_two_lines(ground: object) -> None:
    raise RuntimeError("no such\nlibrary")


async def _async_heal(self: object, undo: object) -> None: ...


def load(home: FakeHome, entry: Entry) -> object:
    return load_plug_in(entry, home.ground)  # type: ignore[arg-type]


def test_one_that_keeps_the_contract_loads(home: FakeHome) -> None:
    assert isinstance(load(home, variant()), FakeInjector)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (variant(name="other"), "name is not 'fake', as its entry point says"),
        (variant(kinds={"pretend"}), "kinds is not a frozenset of at least one name"),
        (variant(kinds=frozenset()), "kinds is not a frozenset of at least one name"),
        (variant(kinds=frozenset({"pretend", "tickle"})), "kinds has words that are neither known nor its own: tickle"),
        (
            variant(own_kinds=(*FakeInjector.own_kinds, Kind("latency", "mine"))),
            "own_kinds uses words that mean something already: latency",
        ),
        (variant(own_kinds=["pretend"]), "own_kinds is no tuple of Kind"),
        (variant(settle_s=-1), "settle_s is -1, not a number of seconds"),
        (variant(settle_s="soon"), "settle_s is 'soon', not a number of seconds"),
        (variant(heal=None), "method `heal` is missing"),
        (variant(heal=lambda self: None), "method `heal` cannot be called with undo"),
        (
            variant(prepare=lambda self, fault, target: None),
            "method `prepare` cannot be called with fault, target, lease_id",
        ),
        (variant(heal=_async_heal), "method `heal` is async; it must not be"),
        (variant(__init__=lambda self: None), "cannot be made (TypeError: "),
        (Entry(lambda ground: 1 // 0), "cannot be made (ZeroDivisionError: "),
        (Entry(_says_it_in_two_lines), "cannot be made (RuntimeError: no such library)"),
    ],
)
def test_what_is_wrong_is_named_with_the_plug_in_and_the_method(home: FakeHome, entry: Entry, says: str) -> None:
    with pytest.raises(PlugInBroken) as broken:
        load(home, entry)
    assert str(broken.value).startswith("plug-in fake (somebodys.module:Injector): ")
    assert says in str(broken.value)
    assert "\n" not in str(broken.value)


def test_a_module_that_is_not_there_is_named(home: FakeHome) -> None:
    entry = EntryPoint("fake", "no_such_module_at_all:Injector", "chaos_aura.injectors")
    with pytest.raises(PlugInBroken, match="ModuleNotFoundError"):
        load_plug_in(entry, home.ground)


@dataclass
class Ranked:
    """Two that do the same: which is taken, and what is said when neither can."""

    home: FakeHome

    def registry(self, *answers: tuple[str, int, Capability | Exception]) -> Registry:
        return Registry(tuple(self._injector(*answer) for answer in sorted(answers, key=lambda each: each[1])))

    def _injector(self, name: str, rank: int, answer: Capability | Exception) -> FakeInjector:
        def can(_: object, fault: Fault, target: object) -> Capability:
            if isinstance(answer, Exception):
                raise answer
            return answer

        made: FakeInjector = type(name, (FakeInjector,), {"name": name, "rank": rank, "can": can})(self.home.ground)
        return made


def pretend(home: FakeHome) -> tuple[Fault, Any]:
    return home.engine().fault("pretend", "neo4j"), home.ground.catalogue.target("neo4j")


def test_the_first_that_can_is_taken_and_another_can_be_forced(home: FakeHome) -> None:
    registry = Ranked(home).registry(("second", 2, Capability(True)), ("first", 1, Capability(True)))
    assert registry.choose(*pretend(home)).name == "first"
    assert registry.choose(*pretend(home), "second").name == "second"
    registry = Ranked(home).registry(("second", 2, Capability(True)), ("first", 1, no("is tired")))
    assert registry.choose(*pretend(home)).name == "second"
    with pytest.raises(FaultImpossible, match="first: is tired"):
        registry.choose(*pretend(home), "first")


def test_when_nobody_can_each_says_why_and_what_would_help(home: FakeHome) -> None:
    registry = Ranked(home).registry(
        ("one", 1, no("no root", "run as root")),
        ("two", 2, ZeroDivisionError("oops")),
        ("three", 3, BadInput("x", "y")),
    )
    with pytest.raises(FaultImpossible) as impossible:
        registry.choose(*pretend(home))
    assert str(impossible.value) == (
        "pretend of neo4j: one: no root; two: method `can` failed (ZeroDivisionError: oops); three: y; "
        "run as root or mend the plug-in"
    )


def test_who_leaves_it_to_one_that_cannot_either_is_not_heard(home: FakeHome) -> None:
    left = ("one", 1, no("is in a container", "leave it to two", left_to="two"))
    with pytest.raises(FaultImpossible, match=r"pretend of neo4j: two: does not run; start it$"):
        Ranked(home).registry(left, ("two", 2, no("does not run", "start it"))).choose(*pretend(home))
    with pytest.raises(FaultImpossible, match=r"pretend of neo4j: one: is in a container; leave it to two$"):
        Ranked(home).registry(left).choose(*pretend(home))


def test_what_is_possible_is_told_for_each_target(home: FakeHome) -> None:
    [row] = possibilities(Registry((home.fake,)), home.ground.catalogue)
    assert row.by_injector == {"fake": ["neo4j", "redis", "kafka", "worker.neo4j", "worker.redis", "worker.kafka"]}
    assert row.refused == {}
    [row] = possibilities(Ranked(home).registry(("one", 1, no("no root", "run as root"))), home.ground.catalogue)
    assert row.by_injector == {"one": []}
    assert row.refused["neo4j"]["one"].why == "no root"
    assert row.summary == "cannot: no root (run as root)"


def test_what_another_value_would_make_possible_is_not_said_to_be_impossible(home: FakeHome) -> None:
    refusals = (
        ("one", 1, no("no root", "run as root")),
        ("two", 2, no("9 is too much", "ask for 8", depends_on="hurts")),
    )
    [row] = possibilities(Ranked(home).registry(*refusals), home.ground.catalogue)
    assert row.summary == "two, depends on hurts: neo4j, redis, kafka and every edge"
    assert row.to_dict()["depending"]["two"]["hurts"][:2] == ["neo4j", "redis"]
    told = row.to_dict()["refused"]["neo4j"]
    assert told["one"] == {"why": "no root", "remedy": "run as root"}
    assert told["two"] == {"why": "9 is too much", "remedy": "ask for 8", "depends_on": "hurts"}


def test_a_word_of_its_own_is_known_with_the_others(home: FakeHome) -> None:
    registry = Registry((home.fake,))
    assert registry.kind("pretend").sentence.startswith("put a file")
    with pytest.raises(ChaosAuraError):
        registry.kind("tickle")
