"""`chaos-aura doctor` on the machine as it is: what it says, how it ends, and that nothing is left of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chaos_aura.cli.doctor import doctor
from chaos_aura.cli.main import COMMANDS

COMMAND = (sys.executable, "-m", "chaos_aura.cli.main", "doctor")
WITHOUT_TRIAL_FILES = (
    "import os, sys, tempfile; tempfile._get_default_tempdir = lambda: os._exit(99);"
    "from chaos_aura.cli.main import main; sys.argv[1:] = ['doctor', '--json']; sys.exit(main())"
)
FIELDS = {
    "subject": str,
    "group": str,
    "state": str,
    "seen": str,
    "means": str,
    "remedy": str,
    "blocks": bool,
    "cannot": list,
}
GROUPS = ["this machine", "what the stack is made of", "the cache and this project", "for injectors"]
OURS = "chaos-aura-doctor-"
ROW = re.compile(r"  (\S.*?) {2,}(ok|limited|missing|broken) {2,}")
WITHIN_S = 60
GONE_WITHIN_S = 60
_TRIES = 3


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Its own folder for temporary files is beside it, so that every file made can be seen."""
    (tmp_path / "project").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "project"


@pytest.fixture
def environ(project: Path) -> dict[str, str]:
    """The mark is handed down to everything that the command starts."""
    own = {"CHAOS_AURA_PROJECT": str(project), "TMPDIR": str(project.parent / "tmp"), "MARK": uuid.uuid4().hex}
    return {**os.environ, **own}


def run(environ: dict[str, str], *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *options], env=environ, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


def test_the_sentence_of_help_is_that_of_the_function() -> None:
    assert (doctor.__doc__ or "").splitlines()[0] == COMMANDS["doctor"]


@pytest.mark.parametrize("options", [("--json",), ("--json", "--deep")])
def test_the_document(environ: dict[str, str], options: tuple[str, ...]) -> None:
    done = run(environ, *options)
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert done.returncode == (0 if document["local_stack_can_run"] else 1)
    assert document["local_stack_can_run"] is not any(row["blocks"] for row in document["findings"])
    for row in document["findings"]:
        assert {name: type(value) for name, value in row.items()} == FIELDS
        assert row["state"] in ("ok", "limited", "missing", "broken")
        assert row["seen"]
        assert "\n" not in row["seen"]
        assert bool(row["means"]) == bool(row["remedy"]) == (row["state"] != "ok"), row
    subjects = [row["subject"] for row in document["findings"]]
    assert len(subjects) == len(set(subjects))
    assert list(dict.fromkeys(row["group"] for row in document["findings"])) == GROUPS


def test_no_check_of_this_machine_failed_to_look(environ: dict[str, str]) -> None:
    def unanswered() -> list[str]:
        """Whoever is asked may be busy with other tests."""
        rows = json.loads(run(environ, "--json").stdout)["findings"]
        assert [row for row in rows if "could not be looked at" in row["seen"]] == []
        return [row["seen"] for row in rows if "no answer" in row["seen"]]

    assert any(unanswered() == [] for _ in range(_TRIES))


def test_the_table(environ: dict[str, str]) -> None:
    done = run(environ)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert [line.rstrip() for line in lines if line.rstrip() in GROUPS] == GROUPS
    assert lines[-1].startswith("The local stack can")
    # Of one and the same look: until the next one, other tests' stacks may have taken memory, or made a cache.
    states = dict(found.groups() for line in lines if (found := ROW.match(line)))
    told = [line.partition(":")[0] for line in lines if "to get it: " in line]
    assert told == [subject for subject, state in states.items() if state != "ok"]
    assert states.keys() >= {"memory", "java", "parts", "rights"}  # one of each group


def test_with_a_folder_that_is_none(environ: dict[str, str]) -> None:
    done = run({**environ, "CHAOS_AURA_PROJECT": "/nowhere"}, "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("error: CHAOS_AURA_PROJECT: ")


def test_it_leaves_nothing(environ: dict[str, str], project: Path) -> None:
    before, traces = files_below(project.parent), traces_in_the_kernel()
    run(environ)
    assert files_below(project.parent) == before
    assert processes_with(environ["MARK"]) == []
    assert traces_in_the_kernel() <= traces


def test_it_makes_no_file_that_the_next_would_not_know(environ: dict[str, str]) -> None:
    """Python looks for a folder for temporary files with one of a random name, which a killed process leaves."""
    command = [sys.executable, "-c", WITHOUT_TRIAL_FILES]
    by_default = {name: value for name, value in environ.items() if name != "TMPDIR"}
    done = subprocess.run(command, env=by_default, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode != 99, "Python tried the folder with a file"
    assert all("could not be looked at" not in row["seen"] for row in json.loads(done.stdout)["findings"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("after_s", [0, 0.05, 0.1, 0.2, 0.4])
def test_interrupted_it_leaves_nothing(
    environ: dict[str, str], project: Path, number: signal.Signals, after_s: float
) -> None:
    before, traces = files_below(project.parent), traces_in_the_kernel()
    started = subprocess.Popen(COMMAND, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await_first_look(environ["MARK"], started)
    time.sleep(after_s)  # nothing to wait for: any moment may be the wrong one
    started.send_signal(number)
    said = started.communicate(timeout=WITHIN_S)[1].decode()
    assert started.returncode in (128 + number, 0), said  # 0: it was done before it was interrupted
    assert "Traceback" not in said
    assert files_below(project.parent) == before
    assert traces_in_the_kernel() <= traces
    await_none_with(environ["MARK"])


@pytest.mark.parametrize("after_s", [0, 0.1, 0.2])
def test_after_one_that_was_killed_the_next_leaves_nothing(
    environ: dict[str, str], project: Path, after_s: float
) -> None:
    before, traces = files_below(project.parent), traces_in_the_kernel()
    killed = subprocess.Popen(COMMAND, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await_first_look(environ["MARK"], killed)
    time.sleep(after_s)
    killed.kill()
    killed.communicate(timeout=WITHIN_S)
    await_none_with(environ["MARK"])
    run(environ)
    assert files_below(project.parent) == before
    assert traces_in_the_kernel() <= traces


def files_below(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def processes_with(mark: str) -> list[str]:
    """The command lines of those that were started with it, zombies apart."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and process.name != str(os.getpid()):
            with suppress(OSError):
                if f"MARK={mark}".encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text(errors="replace"))
    return found


def await_first_look(mark: str, command: "subprocess.Popen[bytes]") -> None:
    """It has started a program of its own, unless it was done before anybody looked."""
    deadline_s = time.monotonic() + GONE_WITHIN_S
    while len(processes_with(mark)) < 2 and command.poll() is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def await_none_with(mark: str) -> None:
    """The kernel ends what hangs on a dead process, and takes a moment."""
    deadline_s = time.monotonic() + GONE_WITHIN_S
    while left := processes_with(mark):
        assert time.monotonic() < deadline_s, left
        time.sleep(0.02)


def traces_in_the_kernel() -> set[str]:
    """Control groups of ours whose maker is gone, and namespaces that a mount keeps alive, whosever they are."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    kept = {line for line in lines if " - nsfs " in line and "/docker/" not in line}  # containers come and go meanwhile
    left = [group for group in groups_of_ours() if not maker_lives(group)]
    return kept | {str(group) for group in left if group.exists()}  # a maker that ends takes it along


def groups_of_ours() -> Iterator[Path]:
    for parent, folders, _files in os.walk("/sys/fs/cgroup"):
        yield from (Path(parent, name) for name in folders if name.startswith(OURS))


def maker_lives(group: Path) -> bool:
    return Path("/proc", group.name.removeprefix(OURS).partition("-")[0]).exists()
