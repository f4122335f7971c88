"""Helpers: how they start, what ends them, and that none is ever left."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from standing_reaper import helpers_in, standing_reaper

from chaos_aura.core.errors import BadInput, MachineLacks, ReaperMissing
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place
from chaos_aura.faults.lasting.carrier import Carrier, by_hand
from chaos_aura.faults.lasting.end import end
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.faults.lasting.report import figures_of, last_words
from chaos_aura.faults.lasting.start import start

_WORKS = """
    from chaos_aura.faults.lasting.helper import Helper

    def run(helper: Helper) -> None:
        open(helper.arguments[0], "a").close()
        helper.report(began=1)
        for path in helper.arguments[1:]:
            open(path, "a").close()
        try:
            helper.wait_to_end()
        finally:
            helper.report(undone=1)
"""
_FORKS = """
    import os, time

    def run(helper):
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(60)
        helper.report(began=1)
        helper.wait_to_end()
"""
_BLIND = """
    def run(helper):
        helper.report(began=1)
        while True:
            pass
"""
_BROKEN = """
    def run(helper):
        raise RuntimeError("no more of it")
"""
_STARTER = """
import os, sys
from pathlib import Path
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.start import start
home, lease, program, trace = sys.argv[1:]
print(flush=True)
sys.stdin.readline()
start(Ground(Path(home), {}), lease, Path(program), [trace], 60)
"""
_SOON_S = 30
_ROUNDS = 4
_FIRST_MOMENT_S = 0.0005
_LATER_S = 1.0  # than the time of its lease
_TIME_S = 3  # until then it must have begun, on a busy machine, too


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    one = Ground(tmp_path / "a project" / ".chaos-aura", dict(os.environ))
    one.folder.mkdir(parents=True)
    yield one
    assert not helpers_in(one.home)


@pytest.fixture
def reaper(ground: Ground) -> Iterator["subprocess.Popen[bytes]"]:
    with standing_reaper(ground.home) as one:
        yield one


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "a program.py"
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "it did something"


@pytest.fixture
def lease() -> str:
    return new_lease_id()


@pytest.fixture
def working(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> ProcessId:
    process = start(ground, lease, written(_WORKS), [str(trace)], 60)
    wait_until(lambda: figures_of(ground, lease), _SOON_S, "it has begun")
    return process


def ends(process: ProcessId) -> None:
    wait_until(lambda: not process.is_alive(), _SOON_S, "it has ended")


def test_it_is_found_by_its_lease(working: ProcessId, lease: str) -> None:
    assert helpers_of(lease) == [working]
    assert not helpers_of(new_lease_id())


def test_it_is_the_first_that_the_kernel_kills(working: ProcessId) -> None:
    assert Path(f"/proc/{working.pid}/oom_score_adj").read_text() == "1000\n"


def test_it_has_nothing_of_who_started_it(working: ProcessId, ground: Ground, lease: str) -> None:
    assert os.getsid(working.pid) == working.pid
    opened = Path(f"/proc/{working.pid}/fd")
    assert {str((opened / number).readlink()) for number in "01"} == {os.devnull}
    assert (opened / "2").readlink() == ground.folder / place.HELPERS / f"{lease}.log"
    assert str(Path(f"/proc/{working.pid}/cwd").readlink()) == "/"
    assert not [path for path in opened.iterdir() if str(path.readlink()).startswith("socket:")]


def test_it_starts_without_site_packages(working: ProcessId) -> None:
    """Most of the time of a common start goes into them."""
    words = Path(f"/proc/{working.pid}/cmdline").read_text().split("\0")
    assert words[1:3] == ["-I", "-S"]
    mapped = Path(f"/proc/{working.pid}/maps").read_text()
    assert "python" in mapped
    assert "site-packages" not in mapped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_undoes_when_told_to_end(working: ProcessId, ground: Ground, lease: str, number: signal.Signals) -> None:
    os.kill(working.pid, number)
    ends(working)
    assert figures_of(ground, lease)["undone"] == 1


def test_it_undoes_when_the_reaper_is_killed(
    working: ProcessId, reaper: "subprocess.Popen[bytes]", ground: Ground, lease: str
) -> None:
    reaper.kill()
    ends(working)
    assert figures_of(ground, lease)["undone"] == 1


def test_it_undoes_when_its_time_is_up(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    for _ in range(_ROUNDS):
        began_s = time.monotonic()
        process = start(ground, lease, written(_WORKS), [str(trace)], _TIME_S)
        ends(process)
        assert time.monotonic() - began_s >= _TIME_S + _LATER_S
        if not was_ended_by_the_kernel(process):
            break
    assert figures_of(ground, lease)["undone"] == 1


def was_ended_by_the_kernel(process: ProcessId) -> bool:
    """One that gets no processor for a second when its time is up: it could not look at it."""
    end = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return bool(end and end.si_status == signal.SIGALRM)


def test_one_that_does_not_look_at_its_time_is_killed(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path]
) -> None:
    ends(start(ground, lease, written(_BLIND), [], 0.1))


def test_none_is_started_without_a_reaper(
    ground: Ground, lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    with pytest.raises(ReaperMissing, match="reaper: does not live"):
        start(ground, lease, written(_WORKS), [str(trace)], 60)
    assert not helpers_of(lease)


def test_the_signature_of_a_dead_reaper_is_none(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    reaper.kill()
    reaper.wait()
    with pytest.raises(ReaperMissing):
        start(ground, lease, written(_WORKS), [str(trace)], 60)


def test_it_ends_with_what_it_has_started(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path]
) -> None:
    start(ground, lease, written(_FORKS), [], 60)
    wait_until(lambda: len(helpers_of(lease)) == 4, _SOON_S, "it has three children")
    end(ground, lease)
    assert not helpers_of(lease)


def test_what_it_has_started_ends_with_it(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path]
) -> None:
    start(ground, lease, written(_FORKS), [], 60)
    wait_until(lambda: len(helpers_of(lease)) == 4, _SOON_S, "it has three children")
    reaper.kill()
    wait_until(lambda: not helpers_of(lease), _SOON_S, "all have ended")


def test_helpers_end_also_when_no_tombstone_can_be_set(working: ProcessId, ground: Ground, lease: str) -> None:
    (ground.folder / place.ENDED).rmdir()
    (ground.folder / place.ENDED).symlink_to("/proc")
    try:
        with pytest.raises(MachineLacks) as caught:
            end(ground, lease)
        assert "\n" not in str(caught.value)
        assert not working.is_alive()
    finally:
        (ground.folder / place.ENDED).unlink()


def test_a_report_that_cannot_be_written_harms_nothing(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    (ground.folder / place.HELPERS / f"{lease}.report.new").mkdir(parents=True)
    went_on = trace.with_name("it went on")
    process = start(ground, lease, written(_WORKS), [str(trace), str(went_on)], 60)
    wait_until(went_on.exists, _SOON_S, "it has gone on after its report")
    assert process.is_alive()
    (ground.folder / place.HELPERS / f"{lease}.report.new").rmdir()
    end(ground, lease)


def test_one_that_is_stopped_ends(working: ProcessId, ground: Ground, lease: str) -> None:
    os.kill(working.pid, signal.SIGSTOP)
    end(ground, lease)
    assert not working.is_alive()


def test_nothing_is_left_of_it_but_its_tombstone(working: ProcessId, ground: Ground, lease: str) -> None:
    end(ground, lease)
    assert not Path(f"/proc/{working.pid}").exists(), "a zombie"
    assert not list((ground.folder / place.HELPERS).iterdir())
    assert [path.name for path in (ground.folder / place.ENDED).iterdir()] == [lease]


def test_one_that_comes_after_the_end_does_nothing(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    end(ground, lease)
    ends(start(ground, lease, written(_WORKS), [str(trace)], 60))
    assert not trace.exists()


@pytest.mark.parametrize("moment", ["spawned", "begun"])
def test_the_helper_of_a_killed_controller_never_stays(
    ground: Ground, reaper: "subprocess.Popen[bytes]", written: Callable[[str], Path], trace: Path, moment: str
) -> None:
    """Killed in and after the start: a helper that comes late does nothing, and ends by itself."""
    program = written(_WORKS)
    for number in range(_ROUNDS):
        lease, round_trace = new_lease_id(), trace.with_name(f"round {number}")
        signs = {"spawned": Path(place.log(str(ground.folder), lease)), "begun": round_trace}
        with _told_to_start([str(ground.home), lease, str(program), str(round_trace)]):
            _await_file(signs[moment])
        assert _nothing_stays(ground, lease, round_trace) or moment != "begun"


def test_killed_at_any_moment_of_its_start_it_never_stays(
    ground: Ground, reaper: "subprocess.Popen[bytes]", written: Callable[[str], Path], trace: Path
) -> None:
    """From before the controller can have read that it is to start, later and later until a helper has begun."""
    program, moments_s, begun = written(_WORKS), [0.0], False
    while not begun or len(moments_s) <= _ROUNDS:
        assert moments_s[-1] < _SOON_S, "no helper has begun"
        lease, round_trace = new_lease_id(), trace.with_name(f"round {len(moments_s)}")
        with _told_to_start([str(ground.home), lease, str(program), str(round_trace)]):
            time.sleep(moments_s[-1])  # the moment is what is looked for
        begun |= _nothing_stays(ground, lease, round_trace)
        moments_s.append(max(2 * moments_s[-1], _FIRST_MOMENT_S))


@contextmanager
def _told_to_start(words: list[str]) -> Iterator[None]:
    """Killed at the end."""
    argv = [sys.executable, "-P", "-c", _STARTER, *words]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as controller:
        assert controller.stdin
        assert controller.stdout
        controller.stdout.readline()
        controller.stdin.write(b"\n")
        controller.stdin.flush()
        try:
            yield
        finally:
            controller.kill()


def _await_file(path: Path) -> None:
    """Without a pause: the moment at which it is there is what is looked for."""
    ends_s = time.monotonic() + _SOON_S
    while not path.exists():
        assert time.monotonic() < ends_s, path


def _nothing_stays(ground: Ground, lease: str, trace: Path) -> bool:
    """Whether it had begun, which after its end it cannot any more."""
    end(ground, lease)
    had_begun = trace.exists()
    wait_until(lambda: not _who_names(lease), _SOON_S, "none lives, not even one that is still being started")
    assert trace.exists() == had_begun
    return had_begun


def _who_names(lease: str) -> list[str]:
    """A process that is not yet the helper's has the words of who started it."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and lease in (entry / "cmdline").read_text(errors="replace"):
                found.append(entry.name)
    return found


def test_who_only_names_a_lease_is_spared(working: ProcessId, ground: Ground, lease: str) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(60)", place.mark(lease), place.mark(lease)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as stranger:
        try:
            assert helpers_of(lease) == [working]
            end(ground, lease)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_it_can_be_ended_by_hand(working: ProcessId, lease: str) -> None:
    assert subprocess.run(["sh", "-c", f"{by_hand(lease)}; echo $?"], capture_output=True, check=True).stdout == b"0\n"
    ends(working)


def test_its_last_words_say_why_it_ended(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path]
) -> None:
    carrier = Carrier(ground, written(_BROKEN))
    undo = carrier.undo(Fault("burn", "redis", {}, 60), lease, (), ("breaks",))
    carrier.inject(undo)
    wait_until(lambda: last_words(ground, lease) and carrier.helper(undo) is None, _SOON_S, "it has broken")
    assert carrier.dead(undo).seen == "no helper lives: RuntimeError: no more of it"
    carrier.heal(undo)
    assert last_words(ground, lease) == ""


def test_a_carrier_heals_what_it_has_injected(
    ground: Ground, reaper: "subprocess.Popen[bytes]", lease: str, written: Callable[[str], Path], trace: Path
) -> None:
    carrier = Carrier(ground, written(_WORKS))
    undo = carrier.undo(Fault("burn", "redis", {}, 60), lease, (trace,), ("works",))
    carrier.inject(undo)
    wait_until(lambda: not carrier.gone(undo), _SOON_S, "it can be seen")
    anew = Undo.from_dict(undo.to_dict())
    carrier.heal(anew)
    assert carrier.gone(anew)
    carrier.heal(anew)


def test_what_ended_long_ago_is_forgotten(ground: Ground) -> None:
    old, young, now = (new_lease_id() for _ in range(3))
    for one in (old, young):
        end(ground, one)
    late = Path(place.log(str(ground.folder), old))
    late.touch()
    os.utime(ground.folder / place.ENDED / old, (0, time.time() - 3700))
    end(ground, now)
    assert {path.name for path in (ground.folder / place.ENDED).iterdir()} == {young, now}
    assert not late.exists()


@pytest.mark.parametrize("bad", ["", "../x", "a b", "x/y", "é"])
def test_a_lease_that_is_no_id_is_refused(
    ground: Ground, reaper: "subprocess.Popen[bytes]", bad: str, written: Callable[[str], Path]
) -> None:
    for refuses in (lambda: start(ground, bad, written(_BLIND), [], 1), lambda: end(ground, bad)):
        with pytest.raises(BadInput, match="is no id") as caught:
            refuses()
        assert "\n" not in str(caught.value)
    assert not (ground.folder / place.ENDED).exists() or not list((ground.folder / place.ENDED).iterdir())
