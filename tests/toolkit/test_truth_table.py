"""What becomes of a run, by what goes wrong in it: exit code, outcome, journal, and what is left behind. Chaos Toolkit
by itself exits with 0 in most of these.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from chaos_run import CONTROL, Ran, action, call, control, going_on, hanging_look, shell
from fake_home import FakeHome
from local_stack import chaos_aura

from chaos_aura.core.address import Address
from chaos_aura.report.outcomes import MEANINGS, REFUSED, REFUSED_DRY

_HURT = action("inject", kind="pretend", target="neo4j", duration=0.3)
_MET = call("platform", "system", "probe", "the system", tolerance="Linux")
_NOT_MET = call("platform", "system", "probe", "the system", tolerance="Plan 9")
_PONG = b"+PONG\r\n$20\r\nredis_version:7.0.15\r\n"
_RAISES = call("os", "stat", "probe", "raises", arguments={"path": "/nowhere"}, tolerance=True)


def is_clean(home: FakeHome) -> bool:
    return not home.fake.struck() and not home.ledger.open_leases()


def check(ran: Ran, home: FakeHome, outcome: str, status: str) -> None:
    """Exit code, outcome, journal and what is left are as promised."""
    assert ran.outcome == outcome, (ran.reasons, ran.said)
    assert ran.code == (0 if outcome == "passed" else 1), ran.said
    assert ran.journal["chaos-aura"]["outcome"] == outcome
    assert ran.journal["status"] == status
    assert ran.journal["deviated"] is (outcome != "passed")
    assert "Traceback" not in ran.said
    assert is_clean(home)


def squeezed(text: str) -> str:
    """However it is wrapped, also in the middle of a long path."""
    return "".join(text.split())


def test_a_run_in_which_all_was_proven_and_judged_passes(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([_HURT], probes=[_MET])
    check(done, home, "passed", "completed")
    [fault] = done.result["faults"]
    assert fault["asked_s"] <= fault["in_force_s"] <= fault["healed_s"]
    assert fault["healed_s"] - fault["in_force_s"] >= 0.3
    assert done.result["verdict"] == "pass"
    assert "PASS" in done.said


def test_a_run_in_which_nothing_was_judged_does_not_pass(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([_HURT])
    check(done, home, "inconclusive", "aborted")
    assert "nothing was judged" in done.reasons


@pytest.mark.parametrize(("probe", "why"), [(_NOT_MET, "Plan 9"), (_RAISES, "No such file")], ids=["not met", "raises"])
def test_when_it_was_not_well_before_nothing_is_hurt(
    ran: Callable[..., Ran], home: FakeHome, probe: dict[str, Any], why: str
) -> None:
    done = ran([_HURT], probes=[probe])
    check(done, home, "baseline not met", "aborted")
    assert why in done.reasons
    assert home.ledger.leases() == {}
    assert done.result["faults"] == []


def test_a_hypothesis_that_no_longer_holds_afterwards_fails(ran: Callable[..., Ran], home: FakeHome) -> None:
    broken = home.root / "broken"
    probe = call("os.path", "exists", "probe", "it is broken", arguments={"path": str(broken)}, tolerance=False)
    breaking = call("os", "mkdir", arguments={"path": str(broken)})
    done = ran([_HURT, breaking], probes=[probe], controls=[control(budget_s=0.5)])
    check(done, home, "failed", "failed")
    assert "it is broken: True is not within False" in done.reasons
    assert "recovery: not within 0.5 s: looked at for " in done.reasons


def test_recovery_is_waited_for_before_the_hypothesis_is_probed_again(ran: Callable[..., Ran], home: FakeHome) -> None:
    broken = home.root / "broken"
    probe = call("os.path", "exists", "probe", "it is broken", arguments={"path": str(broken)}, tolerance=False)
    breaking = shell(f"mkdir {broken}; (sleep 2; rmdir {broken}) >/dev/null 2>&1 &")
    done = ran([_HURT, breaking], probes=[probe])
    check(done, home, "passed", "completed")
    [held_s] = re.findall(r"recovery: the hypothesis held (\S+) s later, of 30 s", done.reasons)
    assert float(held_s) >= 2.0


def test_what_held_when_it_was_looked_at_too_late_may_have_recovered_in_time(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    done = ran([_HURT, shell("sleep 1")], probes=[_MET], controls=[control(budget_s=0.5)])
    check(done, home, "inconclusive", "aborted")
    assert "of 0.5 s, and nobody had looked before: the method took that long" in done.reasons


def test_an_action_that_raises_fails_the_run_and_stops_further_faults(ran: Callable[..., Ran], home: FakeHome) -> None:
    raising = call("os", "mkdir", arguments={"path": "/nowhere/at/all"})
    done = ran([raising, _HURT], probes=[_MET])
    check(done, home, "failed", "failed")
    assert "action mkdir failed: FileNotFoundError" in done.reasons
    assert home.ledger.leases() == {}


def test_a_background_action_that_raises_stops_the_run_and_what_is_in_force(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    until = f"until ls {home.fake.folder}/struck/* >/dev/null 2>&1; do sleep 0.05; done; exit 3"
    raising = {**call("subprocess", "check_call", arguments={"args": ["/bin/sh", "-c", until]}), "background": True}
    held = action("inject", kind="pretend", target="neo4j", duration=60)
    done = ran([raising, held, _HURT], probes=[_MET])
    check(done, home, "failed", "failed")
    assert "action check_call failed: subprocess.CalledProcessError" in done.reasons
    assert done.result["took_s"] < 40
    assert len(home.ledger.leases()) == 1


def test_what_an_injector_refuses_is_not_injected(ran: Callable[..., Ran], home: FakeHome) -> None:
    home.fake.tell("prepare", "fail no room")
    done = ran([_HURT], probes=[_MET])
    check(done, home, "fault not injected", "aborted")
    assert "no room" in done.reasons


def test_a_mechanism_that_accepts_and_does_nothing_is_found_out(ran: Callable[..., Ran], home: FakeHome) -> None:
    home.fake.tell("in_force", "no")
    done = ran([_HURT], probes=[_MET])
    check(done, home, "fault not injected", "aborted")
    assert "could not be proven" in done.reasons


def test_a_fault_that_is_gone_half_way_was_not_held(ran: Callable[..., Ran], home: FakeHome) -> None:
    held = f"""until grep -qs '"state":"in_force"' {home.ledger.path}; do sleep 0.05; done"""
    lose = f"{held}; rm {home.fake.folder}/struck/*"
    losing = {**call("subprocess", "check_call", arguments={"args": ["/bin/sh", "-c", lose]}), "background": True}
    done = ran([losing, action("inject", kind="pretend", target="neo4j", duration=30)], probes=[_MET])
    check(done, home, "fault not held", "aborted")
    assert "was lost after" in done.reasons


def test_a_fault_that_goes_on_alone_and_is_lost_was_not_held(ran: Callable[..., Ran], home: FakeHome) -> None:
    left = action("inject", kind="pretend", target="neo4j")
    losing = call("shutil", "rmtree", arguments={"path": str(home.fake.folder / "struck")})
    done = ran([left, losing], probes=[_MET])
    check(done, home, "fault not held", "aborted")
    assert "was lost before it was to end" in done.reasons


def test_a_fault_that_cannot_be_healed_fails(ran: Callable[..., Ran], home: FakeHome) -> None:
    home.fake.tell("gone", "no")
    done = ran([_HURT], probes=[_MET])
    assert (done.outcome, done.code, done.journal["status"]) == ("fault not healed", 1, "failed"), done.said
    assert "chaos-aura heal" in done.reasons
    home.fake.forget("gone")


def test_a_tolerance_on_a_probe_of_the_method_is_judged(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([_HURT, _NOT_MET], probes=[_MET])
    check(done, home, "failed", "failed")
    assert "probe the system: Linux is not within Plan 9" in done.reasons


def test_a_probe_of_the_method_that_raises_leaves_the_run_undecided(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([_HURT, _RAISES], probes=[_MET])
    check(done, home, "inconclusive", "aborted")
    assert "probe raises: it raised: FileNotFoundError" in done.reasons


def test_a_rollback_that_raises_fails_the_run_and_the_others_run(ran: Callable[..., Ran], home: FakeHome) -> None:
    raising = call("os", "mkdir", arguments={"path": "/nowhere/at/all"})
    made = home.root / "made"
    done = ran([_HURT], probes=[_MET], rollbacks=[raising, call("os", "mkdir", arguments={"path": str(made)})])
    check(done, home, "failed", "failed")
    assert "rollback mkdir failed" in done.reasons
    assert made.is_dir()


def test_rollbacks_run_after_a_failure_too(ran: Callable[..., Ran], home: FakeHome) -> None:
    made = home.root / "made"
    raising = call("os", "mkdir", arguments={"path": "/nowhere/at/all"})
    done = ran([raising], rollbacks=[call("os", "mkdir", arguments={"path": str(made)})], probes=[_MET])
    check(done, home, "failed", "failed")
    assert made.is_dir()


@pytest.mark.parametrize("words", [("--dry", "actions"), ("--dry", "activities")], ids=["actions", "activities"])
def test_a_dry_run_is_no_pass_and_tells_what_it_would_touch(
    ran: Callable[..., Ran], home: FakeHome, words: tuple[str, ...]
) -> None:
    done = ran([_HURT], words, probes=[_MET])
    check(done, home, "dry", "aborted")
    [fault] = done.result["faults"]
    assert fault["touches"][0].startswith("writes ")
    assert home.ledger.leases() == {}


@pytest.mark.parametrize(
    ("hurt", "named", "wrong"),
    [
        (action("inject", kind="pretend", target="mongo", duration=1), "pretend of mongo", "mongo: no such target"),
        (action("inject", kind="pretend", target="neo4j", duration=1000), "pretend of neo4j", "longest"),
        (action("inject", kind="pause", target="kafka", duration=1), "pause of kafka", "process: "),
    ],
    ids=["misspelt", "too long", "impossible"],
)
def test_a_dry_run_says_first_what_would_be_refused(
    ran: Callable[..., Ran], home: FakeHome, hurt: dict[str, Any], named: str, wrong: str
) -> None:
    done = ran([_HURT, hurt], ("--dry", "actions"), probes=[_MET])
    check(done, home, "dry", "aborted")
    fine, refused = done.result["faults"]
    assert "wrong" not in fine
    assert wrong in refused["wrong"]
    assert "unknown" not in refused
    first, last = done.result["reasons"]
    assert first == f"{named} would be refused: {refused['wrong'].removeprefix(f'{named}: ')}"
    assert last == "a dry run (actions) proves nothing"
    listed = squeezed(done.said.partition("\nfaults ")[2])
    assert squeezed(f"would be refused: {refused['wrong']}") in listed
    assert squeezed(REFUSED_DRY.next_step) in listed
    assert squeezed(MEANINGS["dry"].next_step) not in listed


@pytest.mark.parametrize(("probe", "why"), [(_NOT_MET, "Plan 9"), (_RAISES, "No such file")], ids=["not met", "raises"])
def test_a_dry_run_says_when_the_hypothesis_is_not_met(
    ran: Callable[..., Ran], home: FakeHome, probe: dict[str, Any], why: str
) -> None:
    done = ran([_HURT], ("--dry", "actions"), probes=[_MET, probe])
    check(done, home, "dry", "aborted")
    first, _ = done.result["reasons"]
    assert first.startswith(f"the hypothesis is not met: {probe['name']}: ")
    assert why in first
    assert squeezed(REFUSED_DRY.next_step) in squeezed(done.said)
    unasked = ran([_HURT], ("--dry", "activities"), probes=[probe])
    assert unasked.result["reasons"] == ["a dry run (activities) proves nothing"]


def test_a_dry_run_without_a_stack_says_so_and_blames_nothing_else(ran: Callable[..., Ran], home: FakeHome) -> None:
    (home.home / "catalogue.json").unlink()
    asked = call("probes.health", "all_services", "probe", "all", tolerance=True)
    done = ran([_HURT], ("--dry", "actions"), probes=[asked])
    check(done, home, "dry", "aborted")
    down = f"stack of {home.root}: is not running; run: chaos-aura up"
    assert done.result["reasons"] == [down, "a dry run (actions) proves nothing"]
    [fault] = done.result["faults"]
    assert (fault["wrong"], fault["unknown"]) == (down, True)
    assert "would be refused" not in done.said


@pytest.mark.parametrize(
    "arguments", [{"bystanders": ["mongo"]}, {"services": ["mongo"]}], ids=["bystanders", "services"]
)
def test_a_dry_run_says_what_else_the_preflight_would_refuse(
    ran: Callable[..., Ran], home: FakeHome, arguments: dict[str, Any]
) -> None:
    done = ran([_HURT], ("--dry", "actions"), probes=[_MET], controls=[control(**arguments)])
    check(done, home, "dry", "aborted")
    assert "mongo" in done.result["reasons"][0]
    assert done.result["faults"][0]["touches"]


def test_without_our_control_nothing_is_hurt_and_nobody_believes_in_a_success(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    for background in (False, True):
        done = ran([{**_HURT, "background": background}], probes=[_MET], controls=[])
        assert done.code == 1, done.said
        assert "no active control" in done.said
        assert home.ledger.leases() == {}


def test_a_control_that_cannot_be_imported_hurts_nothing(ran: Callable[..., Ran], home: FakeHome) -> None:
    misspelt = {**CONTROL, "provider": {"type": "python", "module": "chaos_aura.toolkit.kontrol"}}
    done = ran([_HURT], probes=[_MET], controls=[misspelt])
    assert done.code == 1, done.said
    assert home.ledger.leases() == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"budget": 30}, "has no argument `budget`; there are: budget_s"),
        ({"budget_s": "long"}, "budget_s: is 'long'; give seconds"),
        ({"services": ["mongo"]}, "mongo"),
        ({"bystanders": ["mongo"]}, "bystander mongo: is no service of this stack"),
    ],
    ids=["unknown", "no number", "no service", "no bystander"],
)
def test_what_the_control_is_told_wrongly_ends_the_run_before_anything_is_hurt(
    ran: Callable[..., Ran], home: FakeHome, arguments: dict[str, Any], says: str
) -> None:
    done = ran([_HURT], ("--no-validation",), probes=[_MET], controls=[control(**arguments)])
    assert done.code == 1
    assert says in done.said
    assert "Traceback" not in done.said
    assert home.ledger.leases() == {}


@pytest.mark.parametrize("part", [{"scope": "before"}, {"automatic": False}], ids=["scope", "automatic"])
def test_a_control_that_would_see_only_a_part_vouches_for_nothing(
    ran: Callable[..., Ran], home: FakeHome, part: dict[str, Any]
) -> None:
    for words in ((), ("--no-validation",)):
        done = ran([_HURT], words, probes=[_MET], controls=[{**CONTROL, **part}])
        assert done.code == 1, done.said
        assert "would see only a part of the run" in done.said
        assert home.ledger.leases() == {}


def test_an_argument_of_the_control_may_come_from_the_configuration(ran: Callable[..., Ran], home: FakeHome) -> None:
    configuration = {"budget": {"type": "env", "key": "BUDGET", "default": 7, "env_var_type": "int"}}
    done = ran([_HURT], probes=[_MET], controls=[control(budget_s="${budget}")], configuration=configuration)
    check(done, home, "passed", "completed")
    assert "of 7 s" in done.reasons


def test_a_stranger_in_the_place_of_our_modules_ends_the_run(ran: Callable[..., Ran], home: FakeHome) -> None:
    stranger = Path(home.environ["PYTHONPATH"]) / "probes"
    stranger.mkdir()
    (stranger / "__init__.py").touch()
    done = ran([_HURT], probes=[_MET])
    check(done, home, "fault not injected", "aborted")
    assert "package probes: is somebody else's" in done.reasons


@pytest.mark.parametrize(
    ("hurt", "says"),
    [
        (action("inject", kind="pretense", target="neo4j"), "no such kind"),
        (action("inject", kind="pretend", target="mongo"), "no such target"),
        (action("inject", kind="pretend", target="neo4j", parameters={"speed": 1}), "no parameter"),
    ],
)
def test_a_fault_that_means_nothing_is_found_before_anything_is_hurt(
    ran: Callable[..., Ran], home: FakeHome, hurt: dict[str, Any], says: str
) -> None:
    done = ran([_HURT, hurt], probes=[_MET])
    check(done, home, "fault not injected", "aborted")
    assert says in done.reasons
    assert squeezed(REFUSED.next_step) in squeezed(done.said)
    assert home.ledger.leases() == {}


def test_a_run_that_takes_too_long_is_ended(ran: Callable[..., Ran], home: FakeHome) -> None:
    long = action("inject", kind="pretend", target="neo4j", duration=60)
    done = ran([long], probes=[_MET], controls=[control(limit_s=2)])
    check(done, home, "inconclusive", "aborted")
    assert "time limit of 2 s" in done.reasons
    assert done.result["took_s"] < 40


def test_a_safeguard_that_no_longer_holds_ends_the_run(ran: Callable[..., Ran], home: FakeHome) -> None:
    struck = str(home.fake.folder / "struck")
    guard = call("os.path", "exists", "probe", "nobody is hurt", arguments={"path": struck}, tolerance=False)
    long = action("inject", kind="pretend", target="neo4j", duration=60)
    done = ran([long], probes=[_MET], controls=[control(safeguards=[guard])])
    check(done, home, "interrupted", "interrupted")
    assert "safeguard: nobody is hurt: True is not within False" in done.reasons
    assert done.result["took_s"] < 40


@contextmanager
def redis_until(is_hurt: Callable[[], object]) -> Iterator[Address]:
    """As much of it as a ping asks; from then on it says nothing any more."""

    class Answering(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            if not is_hurt():
                self.request.sendall(_PONG)

    with ThreadingTCPServer(("127.0.0.1", 0), Answering) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield Address("127.0.0.1", int(server.server_address[1]))
        finally:
            server.shutdown()
            serving.join()


def test_a_bystander_that_becomes_unwell_ends_the_run_and_fails_it(ran: Callable[..., Ran], home: FakeHome) -> None:
    long = action("inject", kind="pretend", target="neo4j", duration=60)
    with redis_until(home.fake.struck) as address:
        catalogue = home.ground.catalogue
        services = (replace(each, address=address) if each.name == "redis" else each for each in catalogue.services)
        told = replace(catalogue, services=tuple(services)).to_json()
        (home.home / "catalogue.json").write_text(told, encoding="utf-8")
        done = ran([long], probes=[_MET], controls=[control(bystanders=["redis"])])
    check(done, home, "failed", "failed")
    assert "safeguard: redis is unwell, and no fault was meant for it" in done.reasons
    assert done.result["took_s"] < 40


def test_secrets_and_passwords_are_written_nowhere(ran: Callable[..., Ran], home: FakeHome) -> None:
    secret, password = "tr0ub4dor", "hunter22"
    telling = call("textwrap", "dedent", "probe", "telling", arguments={"text": "${word}"})
    address = call("textwrap", "dedent", "probe", "address", arguments={"text": f"redis://me:{password}@somewhere/0"})
    hurt = action(
        "inject",
        kind="pretend",
        target="neo4j",
        duration=0.2,
        parameters={"writes": f"${{word}} redis://me:{password}@there"},
    )
    done = ran([hurt, telling, address], probes=[_MET], secrets={"mine": {"word": secret}})
    assert done.outcome == "passed", done.said
    assert done.folder
    for path in [home.root / "journal.json", *done.folder.rglob("*")]:
        if path.is_file():
            text = path.read_text(errors="replace")
            assert secret not in text, path
            assert password not in text, path
    assert secret not in done.said
    assert password not in done.said
    assert "***" in (home.root / "journal.json").read_text()


def test_what_was_never_measured_is_no_pass(ran: Callable[..., Ran], home: FakeHome) -> None:
    """Before the method nothing has been hurt yet; afterwards somebody should have measured it."""
    tolerance = call("steady_states.recovery", "recovers_within", "probe", arguments={"seconds": 30})
    asked = call("probes.recovery", "recovery_times", "probe", "recovers", tolerance=tolerance)
    done = ran([_HURT], probes=[_MET, asked])
    check(done, home, "inconclusive", "aborted")
    assert "recovers: it was never measured" in done.reasons


def test_a_fault_that_goes_on_alone_and_is_ended_by_somebody_else_was_not_held(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    healing = call("subprocess", "check_call", arguments={"args": chaos_aura("heal", "--all")})
    fake = home.fake.folder
    # A look in that moment would see it gone before it is written down by whom.
    method = [action("inject", kind="pretend", target="neo4j"), hanging_look(fake), healing, going_on(fake)]
    done = ran(method, probes=[_MET])
    check(done, home, "fault not held", "aborted")
    assert "pretend of neo4j: was lost before it was to end: it was ended by somebody else" in done.reasons


def test_a_fault_that_waits_in_the_background_is_not_injected_into_a_run_that_ends(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    waiting = {**action("inject", kind="pretend", target="neo4j", duration=30), "pauses": {"before": 8}}
    raising = call("os", "mkdir", arguments={"path": "/nowhere/at/all"})
    done = ran([{**waiting, "background": True}, raising], probes=[_MET])
    check(done, home, "failed", "failed")
    assert home.ledger.leases() == {}


def test_a_background_activity_that_ends_in_an_unforeseen_way_leaves_the_run_undecided(
    ran: Callable[..., Ran], home: FakeHome
) -> None:
    odd = {**_NOT_MET, "background": True, "pauses": {"after": "${word}"}}
    configuration = {"word": {"type": "env", "key": "CHAOS_AURA_PROJECT"}}
    done = ran([odd, _HURT], probes=[_MET], configuration=configuration)
    check(done, home, "inconclusive", "aborted")
    assert "the system was cut short in the background" in done.reasons


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hypothesis_that_cannot_be_probed_to_its_end_has_a_result_all_the_same(
    ran: Callable[..., Ran], home: FakeHome, when: str
) -> None:
    """A range for what turns out to be no number: Chaos Toolkit itself would end in a traceback."""
    told = home.root / "told.json"
    told.write_text("1")
    odd = call("builtins", "eval", "probe", "a number", tolerance=[0, 5])
    odd["provider"] = {**odd["provider"], "module": "linecache", "func": "getline"}
    odd["provider"]["arguments"] = {"filename": str(told), "lineno": 1}
    probes = [odd] if when == "before" else [_MET]
    hurt = [_HURT] if when == "before" else [_HURT, {**odd, "tolerance": [0, 5]}]
    done = ran(hurt, probes=probes)
    assert done.code == 1
    assert done.outcome in ("fault not injected", "inconclusive"), done.reasons
    assert "Traceback" not in done.said
    assert is_clean(home)


def test_a_tolerance_may_come_from_the_configuration(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([_HURT], probes=[{**_MET, "tolerance": "${wanted}"}], configuration={"wanted": "Linux"})
    check(done, home, "passed", "completed")


@pytest.mark.parametrize("strategy", ["continuously", "during-method-only", "after-method-only", "before-method-only"])
def test_each_way_of_probing_the_hypothesis(ran: Callable[..., Ran], home: FakeHome, strategy: str) -> None:
    """What was not looked at afterwards is not known to be well."""
    done = ran([_HURT], ("--hypothesis-strategy", strategy), probes=[_MET])
    looked = strategy in ("continuously", "after-method-only")
    check(done, home, "passed" if looked else "inconclusive", "completed" if looked else "aborted")
