"""The commands of a game day, on a home whose only injector is the fake one."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from awaiting import wait_until
from controlling import controller
from fake_home import FakeHome, fake_home, install_fake, kill_with_its_reaper
from full_disk import told_to_a_full_disk
from local_stack import chaos_aura

from chaos_aura.core.kinds import KINDS
from chaos_aura.core.lease import LeaseState
from chaos_aura.core.signature import signer
from chaos_aura.faults.place import REAPER_LOCK
from chaos_aura.record.timeline import read_timeline

_COMMAND_WITHIN_S = 60
_BEGUN_WITHIN_S = 60
_GONE_WITHIN_S = 30
_SEE = r"what became of it is in /\S+/timeline.jsonl; inject it again"
_UNSEEN = rf"error: pretend of neo4j: ended after [\d.]+ s: nobody had looked for the last [\d.]+ s of it; {_SEE}\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FakeHome]:
    plug_ins = install_fake(tmp_path / "plug-ins")
    with fake_home(tmp_path / "project", plug_ins) as made:
        yield made


def run(home: FakeHome, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        chaos_aura(*words),
        env=home.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_COMMAND_WITHIN_S,
        check=False,
    )


def begin(home: FakeHome, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        chaos_aura(*words),
        env=home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_struck(home: FakeHome) -> str:
    """The lease that is in force."""
    [lease, *_] = wait_until(
        lambda: [each for each in home.ledger.open_leases() if each.state is LeaseState.IN_FORCE],
        _BEGUN_WITHIN_S,
        "it is in force",
    )
    return lease.id


def await_held(home: FakeHome, process: "subprocess.Popen[str]") -> str:
    """The same, and the command says so: from now on it does nothing but hold it."""
    assert process.stdout
    assert process.stdout.readline().startswith("in force: ")
    return await_struck(home)


@contextmanager
def reaper_stopped(home: FakeHome) -> Iterator[None]:
    reaper = signer(home.ground.folder / REAPER_LOCK)
    assert reaper
    os.kill(reaper.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(reaper.pid, signal.SIGCONT)


@contextmanager
def held_in_its_own_time(home: FakeHome) -> Iterator[None]:
    """Whoever injects with a first look that hangs: the reaper is stopped before the fault is in force. It would end it
    on time, should a busy machine keep its owner from that.
    """
    wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "the first look has begun")
    with reaper_stopped(home):
        home.fake.forget("in_force")
        home.fake.go_on()
        yield


def run_in_its_own_time(home: FakeHome, *words: str) -> "subprocess.CompletedProcess[str]":
    home.fake.tell("in_force", "hang 60")
    with begin(home, *words) as process, held_in_its_own_time(home):
        out, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def test_a_fault_by_hand_is_held_for_its_time_and_healed(home: FakeHome) -> None:
    done = run_in_its_own_time(home, "inject", "pretend", "--target", "neo4j", "--for", "1500ms")
    assert (done.returncode, done.stderr) == (0, "")
    first, seen, last = done.stdout.splitlines()
    assert first.startswith("in force: pretend of neo4j by fake for 1.5 s")
    assert seen == "  its file is there"
    assert last == "healed: its file is not there"
    [lease] = home.ledger.leases().values()
    assert lease.state is LeaseState.HEALED


def test_a_program_gets_one_document(home: FakeHome) -> None:
    words = ("inject", "pretend", "-t", "redis", "--for", "0.3", "-p", "writes=all of it", "--json")
    done = run_in_its_own_time(home, *words)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["kind"], told["target"], told["injector"]) == ("pretend", "redis", "fake")
    assert told["parameters"]["writes"] == "all of it"
    assert told["healed"] is True
    assert told["lost"] == ""
    assert told["held_s"] >= 0.3


def test_a_last_look_that_takes_long_is_no_early_end(home: FakeHome) -> None:
    """The reaper ends the fault on time, while its owner still looks at it."""
    home.fake.tell("in_force", "hang 30")
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "2s") as process:
        wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "the first look has begun")
        home.fake.go_on()
        wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "the last look has begun")
        wait_until(lambda: not home.ledger.open_leases(), _GONE_WITHIN_S, "the reaper has ended it")
        home.fake.go_on()
        out, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("healed on time, by the reaper: its file is not there\n")


def test_whoever_was_stopped_meanwhile_has_proven_nothing(home: FakeHome) -> None:
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "8s") as process:
        await_held(home, process)
        process.send_signal(signal.SIGSTOP)  # long before its end
        wait_until(lambda: not home.ledger.open_leases(), 8 + _GONE_WITHIN_S, "the reaper has ended it")
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert process.returncode == 1
    assert re.fullmatch(_UNSEEN, err), err


def test_a_dry_run_tells_what_would_be_touched_and_touches_nothing(home: FakeHome) -> None:
    done = run(home, "inject", "pretend", "--target", "neo4j", "--dry")
    assert done.returncode == 0
    assert done.stdout.startswith("would inject pretend of neo4j for 30 s, by fake:\n  writes ")
    assert home.ledger.leases() == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_heals_at_once_and_says_so(home: FakeHome, number: signal.Signals) -> None:
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "60s") as process:
        await_held(home, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=_COMMAND_WITHIN_S)
        assert process.returncode == 128 + number
    assert "interrupted; healed: its file is not there" in out
    assert err == "interrupted: what may be left of its fault ends by itself; see: chaos-aura leases\n"
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_killed_it_leaves_nothing(home: FakeHome) -> None:
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "60s") as process:
        await_struck(home)
        process.kill()
    wait_until(lambda: not home.fake.struck() and not home.ledger.open_leases(), _GONE_WITHIN_S, "it is healed")


def test_healed_from_elsewhere_it_ends_and_says_so(home: FakeHome) -> None:
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "60s") as process:
        lease = await_held(home, process)
        home.fake.tell("in_force", "hang 40")  # or it might see it gone before it is written down by whom
        wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "it looks")
        healed = run(home, "heal", lease[-5:])
        home.fake.go_on()
        assert (healed.returncode, healed.stderr) == (0, "")
        assert healed.stdout == f"healed: pretend of neo4j (lease {lease}): its file is not there\n"
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
        assert process.returncode == 1
    assert re.fullmatch(rf"error: .*: it was healed by somebody else; {_SEE}\n", err), err


def test_healed_from_elsewhere_before_it_is_in_force_it_says_so(home: FakeHome) -> None:
    home.fake.tell("inject", "hang 40")
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "60s") as process:
        wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "it is being injected")
        with reaper_stopped(home):  # it would heal as well, perhaps before anybody has seen it in force
            run(home, "heal", "--all")
            home.fake.go_on()
            _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    why = "was ended by somebody else while it was being injected"
    assert err == f"error: pretend of neo4j: {why}; see: chaos-aura leases --all; then inject it again\n"
    assert process.returncode == 1
    assert home.fake.struck() == set()


def test_a_fault_that_is_lost_early_fails_and_is_healed(home: FakeHome) -> None:
    with begin(home, "inject", "pretend", "--target", "neo4j", "--for", "30s") as process:
        lease = await_struck(home)
        (home.ground.folder / "fake" / "struck" / lease).unlink()
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
        assert process.returncode == 1
    assert err.startswith("error: pretend of neo4j: was lost after ")
    assert home.ledger.open_leases() == ()


def piped(home: FakeHome, reader: str, *words: str, aside: str = "") -> "subprocess.Popen[str]":
    """`chaos-aura WORDS | READER` in a shell that tells how the command ended, and not how its reader did."""
    script = f'"$@" {aside} | {reader}; exit "${{PIPESTATUS[0]}}"'
    return subprocess.Popen(
        ["bash", "-c", script, "bash", *chaos_aura(*words)],
        env=home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


_HEAD = "head -1"
_NOBODY = "exec <&-"  # gone before anything is said


@pytest.mark.parametrize(("reader", "more"), [(_HEAD, []), (_NOBODY, []), (_NOBODY, ["--json"])], ids=str)
def test_a_fault_that_is_lost_when_nobody_reads_any_more_fails_all_the_same(
    home: FakeHome, reader: str, more: list[str]
) -> None:
    with piped(home, reader, "inject", "pretend", "-t", "neo4j", "--for", "30s", *more) as process:
        (home.ground.folder / "fake" / "struck" / await_struck(home)).unlink()
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert process.returncode == 1
    assert err.startswith("error: pretend of neo4j: was lost after ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("more", [[], ["--json"]], ids=str)
def test_a_fault_that_nobody_reads_of_is_held_for_its_time(home: FakeHome, more: list[str]) -> None:
    home.fake.tell("in_force", "hang 60")
    words = ["inject", "pretend", "-t", "neo4j", "--for", "1500ms", *more]
    with piped(home, _NOBODY, *words) as process, held_in_its_own_time(home):
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert (process.returncode, err) == (0, "")
    told = read_timeline(home.ground.folder / "timeline.jsonl")
    at_ns = {event["event"]: event["monotonic_ns"] for event in told}
    assert at_ns["fault.still_in_force"] - at_ns["fault.in_force"] >= 1.5e9, "it was looked at when its time was up"
    assert [event["event"] for event in told][-2:] == ["fault.heal_began", "fault.healed"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["heal", "--all"], "error: pretend of neo4j: fake: somebody holds it; "),
        (["heal", "--all", "--json"], "error: pretend of neo4j: fake: somebody holds it; "),
        (["down", "--purge"], "error: pretend of neo4j: fake: somebody holds it; nothing was removed; "),
    ],
    ids=str,
)
def test_what_is_stuck_fails_also_when_nobody_reads(home: FakeHome, words: list[str], says: str) -> None:
    home.fake.tell("heal", "fail somebody holds it")
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        with piped(home, _NOBODY, *words) as process:
            _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
        home.fake.forget("heal")
        assert run(home, "heal", "--all").returncode == 0
    assert process.returncode == 1
    assert err.startswith(says)


@pytest.mark.parametrize(
    ("words", "code"), [(["inject", "pretend", "-t", "mongo"], 2), (["heal", "nonsense"], 2), (["heal"], 2)], ids=str
)
def test_an_error_that_nobody_hears_keeps_its_code(home: FakeHome, words: list[str], code: int) -> None:
    with piped(home, _NOBODY, *words, aside="2>&1") as process:
        out, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert (process.returncode, out, err) == (code, "", "")


def test_down_ends_what_it_has_to_end_also_when_nobody_reads(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        with piped(home, _NOBODY, "down", "--purge") as process:
            _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert (process.returncode, err) == (0, "")
    assert not home.home.exists()


def test_what_a_full_disk_did_not_take_is_an_error_after_the_healing(home: FakeHome) -> None:
    home.fake.tell("in_force", "hang 60")
    words = chaos_aura("inject", "pretend", "-t", "neo4j", "--for", "0.3")
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(told_to_a_full_disk, words, home.environ, home.home.parent, 2 * _COMMAND_WITHIN_S)
        with held_in_its_own_time(home):
            done = asked.result()
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: No space left on device; ")
    told = read_timeline(home.ground.folder / "timeline.jsonl")
    assert [event["event"] for event in told][-3:] == [
        *("fault.still_in_force", "fault.heal_began", "fault.healed"),
    ]
    [lease] = home.ledger.leases().values()
    assert (lease.state, lease.revoked) == (LeaseState.HEALED, False)


def test_leases_shows_what_is_open_and_what_is_stuck(home: FakeHome) -> None:
    assert run(home, "leases").stdout == "no fault is open\n"
    home.fake.tell("heal", "fail somebody holds it")
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        lease = await_struck(home)
        shown = run(home, "leases")
        assert shown.returncode == 0
        assert [word in shown.stdout for word in (lease, "pretend", "neo4j", "in_force", "fake")] == [True] * 5
        healing = run(home, "heal", "--all")
        assert healing.returncode == 1
        assert "somebody holds it" in healing.stderr
        assert "by hand: rm -f " in healing.stderr
        stuck = run(home, "leases")
        assert f"{lease} is stuck: fake: somebody holds it" in stuck.stdout
        assert "by hand: rm -f " in stuck.stdout
        document = json.loads(run(home, "leases", "--json").stdout)
        assert document["leases"][0]["state"] == "stuck"
        assert document["reaper_pid"]
        home.fake.forget("heal")
        assert run(home, "heal", "--all").returncode == 0
    assert home.fake.struck() == set()
    assert lease in run(home, "leases", "--all").stdout


def test_heal_dry_tells_what_would_be_healed_and_heals_nothing(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        lease = await_struck(home)
        done = run(home, "heal", "--all", "--dry")
        assert done.stdout.startswith(f"would heal pretend of neo4j by fake (lease {lease})")
        assert home.fake.struck() == {lease}
        assert run(home, "heal", "--all").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["leases"],
        ["faults"],
        ["logs"],
        ["address", "redis"],
        ["trace", "nobody's"],
        ["inject", "no-such-kind", "--target", "redis"],
    ],
    ids=lambda words: words[0],
)
def test_any_command_mends_what_a_killed_controller_and_a_killed_reaper_left(home: FakeHome, words: list[str]) -> None:
    """Also one that has nothing to do with faults, or is refused."""
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        kill_with_its_reaper(home, one)
        assert home.fake.struck()
        run(home, *words)
        wait_until(lambda: not home.fake.struck() and not home.ledger.open_leases(), _GONE_WITHIN_S, "it is healed")


def test_what_they_left_does_not_stand_in_the_way_of_the_same_fault(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        kill_with_its_reaper(home, one)
    home.fake.tell("heal", "hang 2")
    with begin(home, "inject", "pretend", "-t", "neo4j", "--for", "0.3") as process:
        wait_until(home.fake.hangs, _BEGUN_WITHIN_S, "the new reaper's healing takes long")
        home.fake.forget("heal")
        _, err = process.communicate(timeout=_COMMAND_WITHIN_S)
    assert (process.returncode, err) == (0, "")


def test_down_heals_first(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        done = run(home, "down")
        assert done.returncode == 0, done.stderr
        assert "healed: pretend of neo4j" in done.stdout
        assert home.fake.struck() == set()


def test_a_purge_is_refused_while_something_cannot_be_healed(home: FakeHome) -> None:
    """What knows how to heal it lies in the folder."""
    home.fake.tell("heal", "fail somebody holds it")
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        done = run(home, "down", "--purge")
        assert done.returncode == 1
        assert "nothing was removed" in done.stderr
        assert home.ledger.open_leases()
        home.fake.forget("heal")
        one.process.kill()
        one.process.wait()
        wait_until(lambda: not home.ledger.open_leases(), 30, "the reaper has healed it")
        assert run(home, "down", "--purge").returncode == 0
    assert not home.home.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["inject", "pretense", "-t", "neo4j"], "pretense: no such kind of fault; there are: "),
        (["inject", "pretend", "-t", "mongo"], "mongo: no such target; there are: neo4j"),
        (["inject", "pretend", "-t", "neo4j", "--for", "soon"], "--for: 'soon' is no length of time; write such as"),
        (["inject", "pretend", "-t", "neo4j", "--for", "-3s"], "--for: '-3s' is no length of time"),
        (["inject", "pretend", "-t", "neo4j", "--for", "2h"], "duration: 7200 s is longer than longest_s = 600"),
        (["inject", "pretend", "-t", "neo4j", "-p", "writes"], "--param: 'writes' is not key=value"),
        (["inject", "pretend", "-t", "neo4j", "-p", "a=1", "-p", "a=2"], "--param: a is given twice"),
        (["inject", "pretend", "-t", "neo4j", "-p", "speed=9"], "pretend: has no parameter `speed`; there are: "),
        (["inject", "pretend", "-t", "neo4j", "--injector", "mesh"], "mesh: no such injector; there are: "),
        (["inject", "pretend"], "Missing option '--target'"),
        (["heal"], "heal: names no lease; give one, or --all; open are: none"),
        (["heal", "01ABC"], "01ABC: is no open lease; open are: none"),
        (["heal", "01ABC", "--all"], "heal: is given leases and --all"),
        (["faults", "pretense"], "pretense: no such kind of fault; there are: "),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_touched(home: FakeHome, words: list[str], says: str) -> None:
    done = run(home, *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {says}")
    assert done.stderr.count("\n") == 1
    assert home.ledger.leases() == {}


def test_limits_of_the_project_are_read_strictly_and_hold(home: FakeHome) -> None:
    limits = home.root / "chaos-aura.toml"
    limits.write_text('[limits]\nforbidden_targets = ["neo4j"]\nlongest_s = 5\n')
    done = run(home, "inject", "pretend", "-t", "neo4j", "--for", "1s")
    assert (done.returncode, home.ledger.leases()) == (2, {})
    assert "neo4j is forbidden: forbidden_targets has 'neo4j' in " in done.stderr
    assert "longer than longest_s = 5" in run(home, "inject", "pretend", "-t", "redis", "--for", "6s").stderr
    limits.write_text('[limits]\nforbiden_targets = ["neo4j"]\n')
    done = run(home, "inject", "pretend", "-t", "neo4j")
    assert "[limits] forbiden_targets: is no limit; there are: allowed_targets" in done.stderr
    limits.write_text('[limits]\nforbidden_targets = ["neoj"]\n')
    for dry in ((), ("--dry",)):
        done = run(home, "inject", "pretend", "-t", "neo4j", *dry)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert f"{limits}, [limits] forbidden_targets: 'neoj' is no target, and would forbid nothing" in done.stderr
        assert "did you mean 'neo4j'? there are: neo4j, redis, kafka, " in done.stderr
    limits.write_text("[limits\n")
    assert "is not TOML" in run(home, "inject", "pretend", "-t", "neo4j").stderr
    assert home.ledger.leases() == {}


def test_faults_tells_every_kind_with_its_injector_and_targets(home: FakeHome) -> None:
    done = run(home, "faults")
    assert done.returncode == 0
    assert "pretend" in done.stdout
    assert "fake: neo4j, redis, kafka and every edge" in done.stdout
    document = json.loads(run(home, "faults", "--json").stdout)
    [row] = [row for row in document["faults"] if row["kind"] == "pretend"]
    assert row["by_injector"]["fake"][:3] == ["neo4j", "redis", "kafka"]
    told = run(home, "faults", "pretend").stdout
    assert "writes=nothing: what it says that it writes" in told


def test_what_nothing_here_can_have_is_listed_with_the_reason(home: FakeHome) -> None:
    why = "redis does not run in a container"
    listed = run(home, "faults").stdout
    assert set(KINDS) <= {line.split(" ")[0] for line in listed.splitlines()}
    told = run(home, "faults", "packet_loss")
    assert told.returncode == 0
    assert f"not redis by docker: {why} (" in told.stdout
    document = json.loads(run(home, "faults", "--json").stdout)
    [row] = [row for row in document["faults"] if row["kind"] == "packet_loss"]
    assert row["by_injector"] == {"docker": []}
    assert row["refused"]["redis"]["docker"]["why"] == why
    assert [row["missing"] for row in document["faults"] if row["kind"] == "pretend"] == [None]
    refused = run(home, "inject", "packet_loss", "-t", "redis", "-p", "percent=5")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: packet_loss of redis: docker: {why}; run it in one")
    assert refused.stderr.count("\n") == 1


def test_faults_works_with_the_stack_down(home: FakeHome) -> None:
    (home.home / "catalogue.json").unlink()
    done = run(home, "faults")
    assert done.returncode == 0
    assert "by fake" in done.stdout
    assert "note: the stack is down" in done.stdout
    assert run(home, "leases").returncode == 0


@contextmanager
def left_in_force(home: FakeHome) -> Iterator[str]:
    """One lease, whose controller and whose reaper are stopped: nobody but a command heals it."""
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        reaper = signer(home.ground.folder / REAPER_LOCK)
        assert reaper
        os.kill(one.process.pid, signal.SIGSTOP)
        os.kill(reaper.pid, signal.SIGSTOP)
        try:
            yield await_struck(home)
        finally:
            os.kill(reaper.pid, signal.SIGCONT)


def test_all_is_healed_with_the_stack_down(home: FakeHome) -> None:
    with left_in_force(home) as lease:
        (home.home / "catalogue.json").unlink()
        assert home.fake.struck() == {lease}
        done = run(home, "heal", "--all")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"healed: pretend of neo4j (lease {lease}): its file is not there\n"
        assert home.fake.struck() == set()
        assert home.ledger.open_leases() == ()
        assert run(home, "heal", "--all").stdout == "no fault is open\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["heal", "--all"], "[limits\n"),
        (["heal", "--all"], "[limits]\nforbiden_targets = []\n"),
        (["heal", "--all"], "limits = 3\n"),
        (["down"], "[limits\n"),
    ],
)
def test_limits_that_cannot_be_read_keep_no_command_from_healing(home: FakeHome, words: list[str], text: str) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        assert home.fake.struck()
        (home.root / "chaos-aura.toml").write_text(text)
        done = run(home, *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "healed: pretend of neo4j" in done.stdout
        assert home.fake.struck() == set()
        assert home.ledger.open_leases() == ()


def test_a_broken_plug_in_is_told_and_takes_nothing_from_the_others(home: FakeHome) -> None:
    info = Path(home.environ["PYTHONPATH"]) / "fake_plug_in-1.0.dist-info" / "entry_points.txt"
    info.write_text(info.read_text() + "broken = json:JSONDecoder\n")
    done = run(home, "faults")
    assert done.returncode == 0
    assert "note: plug-in broken (json:JSONDecoder): " in done.stdout
    assert run(home, "inject", "pretend", "-t", "neo4j", "--for", "0.2").returncode == 0
    refused = run(home, "inject", "pretend", "-t", "neo4j", "--injector", "broken")
    assert refused.stderr.startswith("error: plug-in broken (json:JSONDecoder): ")
