"""scripts/setup, run for real in copies of this checkout: what it makes, mends, and says when it cannot."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "http://127.0.0.1:1"  # nothing listens there
UV = Path(sys.executable).with_name("uv")
CACHE = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
GOOD_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
TOOLS = (
    "awk",
    "bash",
    "cat",
    "cp",
    "dirname",
    "flock",
    "grep",
    "id",
    "mkdir",
    "mount",
    "mv",
    "rm",
    "sha256sum",
    "sort",
    "stat",
)
# Certificates, proxies and mirrors of this machine, without which it may reach no index.
OF_THE_NETWORK = re.compile(r"SSL_|PIP_|UV_.*INDEX|.*_PROXY$", re.IGNORECASE)
# What the project itself imports plays no part here; a small environment is made and mended in the same way.
KEPT = ("setuptools", "idna", "certifi")


def lock_of(names: tuple[str, ...]) -> str:
    """The entries of `names`, as they stand in the real lock."""
    entries: list[str] = []
    kept = False
    for line in (ROOT / "requirements.lock").read_text().splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            kept = line.split("==")[0] in names
        if kept:
            entries.append(line)
    return "".join(entries)


class Finished(NamedTuple):
    returncode: int
    stderr: str


@dataclass
class Checkout:
    """A copy of this checkout and everything that setup may see of the machine."""

    root: Path
    path: list[Path]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def start(self, *prefix: str) -> subprocess.Popen[str]:
        """Runs scripts/setup, in a process group of its own; `prefix` may be a command that runs it elsewhere."""
        env = {"PATH": ":".join(map(str, self.path)), **self.env}
        args = [*prefix, str(self.root / "scripts" / "setup")]
        return subprocess.Popen(args, env=env, text=True, stderr=subprocess.PIPE, start_new_session=True)

    def setup(self, *prefix: str) -> Finished:
        with self.start(*prefix) as process:
            said = process.communicate(timeout=90)[1]
        return Finished(process.returncode, said)

    def works(self) -> bool:
        """The environment runs and the project in it is this checkout's."""
        python = str(self.venv / "bin" / "python")
        ask = "import chaos_aura, idna; print(chaos_aura.__file__)"
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False, cwd="/")
        return done.stdout.strip() == str(self.root / "chaos_aura" / "__init__.py")

    def made_at_ns(self) -> int:
        return (self.venv / "pyvenv.cfg").stat().st_mtime_ns


def copy_checkout(to: Path) -> None:
    for name in ("scripts", "chaos_aura", "injectors", "probes", "steady_states"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, to)
    (to / "requirements.lock").write_text(lock_of(KEPT))


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def system_tools(folder: Path) -> Path:
    """What setup itself calls, without the Pythons and uvs that lie beside it on some machines."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is missing here"
        (folder / tool).symlink_to(found)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    root = tmp_path / "my chäos checkout"
    root.mkdir()
    copy_checkout(root)
    good, uv = tmp_path / "good", tmp_path / "uv"
    executable(good / "python3.12", f'#!/bin/sh\nexec "{GOOD_PYTHON}" "$@"\n')
    uv.mkdir()
    (uv / "uv").symlink_to(UV)
    env = {
        **{name: value for name, value in os.environ.items() if OF_THE_NETWORK.match(name)},
        "HOME": str(tmp_path / "home"),
        "PYENV_ROOT": str(tmp_path / "no pyenv"),
        "CHAOS_AURA_PYTHON_FOLDERS": "",
        "UV_CACHE_DIR": CACHE,
        "TMPDIR": str(tmp_path),
    }
    yield Checkout(root, [good, uv, system_tools(tmp_path / "tools")], env)
    shutil.rmtree(tmp_path, ignore_errors=True)


def without(checkout: Checkout, *names: str) -> None:
    checkout.path = [folder for folder in checkout.path if folder.name not in names]


def old_python(folder: Path) -> Path:
    """A Python below 3.12: one that this machine has, else the good one under a false age."""
    for candidate in ("/usr/bin/python3", *(f"/usr/bin/python3.{minor}" for minor in range(8, 12))):
        ask = [candidate, "-c", "import sys; sys.exit(not (3, 8) <= sys.version_info < (3, 12))"]
        if Path(candidate).exists() and subprocess.run(ask, check=False).returncode == 0:
            return executable(folder / "python3", f'#!/bin/sh\nexec {candidate} "$@"\n')
    age = "import sys; sys.version_info = (3, 9, 0)\n"
    return executable(folder / "python3", f"#!/bin/sh\nshift\nexec '{GOOD_PYTHON}' -c '{age}'\"$1\"\n")


def fails_with(done: Finished, *parts: str) -> str:
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    for part in parts:
        assert part in last
    return last


def test_it_makes_an_environment_in_a_path_with_spaces_and_umlauts(checkout: Checkout) -> None:
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()
    assert len(done.stderr.splitlines()) == 2, done.stderr


def test_a_second_run_does_nothing_and_needs_neither_uv_nor_python(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    before = checkout.made_at_ns()
    without(checkout, "uv", "good")
    again = checkout.setup()
    assert (again.returncode, again.stderr) == (0, "")
    assert checkout.made_at_ns() == before


def test_a_changed_lock_is_followed_without_making_the_environment_anew(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    before = checkout.made_at_ns()
    (checkout.root / "requirements.lock").write_text(lock_of(("setuptools", "idna")))
    assert checkout.setup().returncode == 0
    assert checkout.made_at_ns() == before
    assert checkout.works()
    assert not list(checkout.venv.glob("lib/python3*/site-packages/certifi"))


def test_without_any_new_python_it_says_so_and_leaves_nothing(checkout: Checkout, tmp_path: Path) -> None:
    without(checkout, "good")
    checkout.path.insert(0, old_python(tmp_path / "old").parent)
    checkout.env["UV_PYTHON_DOWNLOADS"] = "never"
    fails_with(checkout.setup(), "no Python >= 3.12", "install Python 3.12 or set PYTHON")
    assert not checkout.venv.exists()


def test_without_any_python_or_uv_it_still_says_what_to_do(checkout: Checkout) -> None:
    without(checkout, "good", "uv")
    fails_with(checkout.setup(), "no Python >= 3.12", "install Python 3.12 or set PYTHON")
    assert not checkout.venv.exists()
    assert not (checkout.root / ".uv").exists()


def test_a_chosen_python_that_is_too_old_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    checkout.env["PYTHON"] = str(old_python(tmp_path / "old"))
    done = checkout.setup()
    fails_with(done, "PYTHON=", "older than 3.12", "or unset it")
    assert len(done.stderr.splitlines()) == 1
    assert not checkout.venv.exists()


def test_a_chosen_python_that_does_not_run_is_refused(checkout: Checkout) -> None:
    checkout.env["PYTHON"] = "/nowhere/python3"
    fails_with(checkout.setup(), "PYTHON=/nowhere/python3", "does not run")


def test_shims_that_fail_and_pythons_that_are_old_are_passed_over(checkout: Checkout, tmp_path: Path) -> None:
    shims = executable(tmp_path / "shims" / "python3.12", "#!/bin/sh\necho 'command not found' >&2\nexit 127\n").parent
    checkout.path = [shims, old_python(tmp_path / "old").parent, *checkout.path]
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_a_python_under_pyenv_is_found(checkout: Checkout, tmp_path: Path) -> None:
    without(checkout, "good")
    checkout.env["PYENV_ROOT"] = str(tmp_path / "py env")
    executable(
        tmp_path / "py env" / "versions" / "3.12.9" / "bin" / "python3", f'#!/bin/sh\nexec "{GOOD_PYTHON}" "$@"\n'
    )
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_missing_uv_is_brought_in(checkout: Checkout) -> None:
    without(checkout, "uv")
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()
    assert [path.name for path in (checkout.root / ".uv").rglob("*") if path.is_file()] == ["uv"]


def stall_at(checkout: Checkout, tmp_path: Path, words: str) -> Path:
    """uv, but it does not go on before `words`; it leaves a mark when it is there, and ends once `go` exists."""
    mark, go = tmp_path / "stalled", tmp_path / "go"
    stall = f"touch '{mark}'; while [ ! -e '{go}' ]; do sleep 0.05; done; exit 1"
    executable(tmp_path / "slow" / "uv", f"#!/bin/sh\ncase \"$*\" in *'{words}'*) {stall};; esac\nexec '{UV}' \"$@\"\n")
    for tool in ("touch", "sleep"):
        (tmp_path / "tools" / tool).symlink_to(str(shutil.which(tool)))
    checkout.path.insert(0, tmp_path / "slow")
    return mark


def wait_for(path: Path, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.parametrize("words", ["pip sync", "pip install"])
def test_killed_in_the_middle_the_next_run_repairs_it(checkout: Checkout, tmp_path: Path, words: str) -> None:
    mark = stall_at(checkout, tmp_path, words)
    with checkout.start() as first:
        wait_for(mark)
        os.killpg(first.pid, signal.SIGKILL)
    assert not checkout.works()
    without(checkout, "slow")
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_the_next_run_waits_for_what_a_killed_one_left_running(checkout: Checkout, tmp_path: Path) -> None:
    mark = stall_at(checkout, tmp_path, "pip sync")
    with checkout.start() as first:
        try:
            wait_for(mark)
            first.kill()
            without(checkout, "slow")
            with checkout.start() as second:
                assert second.stderr is not None
                assert "waiting for another one" in second.stderr.readline()
                (tmp_path / "go").touch()
                assert second.wait(60) == 0
        finally:
            (tmp_path / "go").touch()
    assert checkout.works()


def test_two_at_once_make_one_environment(checkout: Checkout) -> None:
    with checkout.start() as one, checkout.start() as two:
        said = [process.communicate(timeout=90)[1] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0)
    assert sum("making .venv" in text for text in said) == 1
    assert checkout.works()


def test_an_activated_environment_is_not_used_to_make_itself_anew(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    assert checkout.setup().returncode == 0
    (checkout.venv / ".chaos-aura").unlink()
    checkout.path.insert(0, checkout.venv / "bin")
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()


def test_a_moved_checkout_is_repaired(checkout: Checkout, tmp_path: Path) -> None:
    assert checkout.setup().returncode == 0
    checkout.root = checkout.root.rename(tmp_path / "moved")
    assert not checkout.works()
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_an_environment_whose_python_is_gone_is_repaired(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    python = checkout.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.12")
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_no_network_on_an_empty_cache_is_one_clear_line_and_a_log(checkout: Checkout, tmp_path: Path) -> None:
    checkout.env |= {"UV_CACHE_DIR": str(tmp_path / "empty"), "UV_DEFAULT_INDEX": NOWHERE, "UV_HTTP_RETRIES": "0"}
    fails_with(checkout.setup(), "no network", "check your proxy", "setup.log")
    assert NOWHERE in (checkout.root / "setup.log").read_text()


def test_no_network_to_bring_in_uv_is_one_clear_line(checkout: Checkout) -> None:
    without(checkout, "uv")
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    checkout.env["PIP_INDEX_URL"] = NOWHERE
    fails_with(checkout.setup(), "uv: cannot be brought in", "no network", "install uv yourself")
    assert not (checkout.root / ".uv").exists()


def test_a_package_that_differs_from_its_hash_is_refused(checkout: Checkout) -> None:
    lock = checkout.root / "requirements.lock"
    lock.write_text("".join(flip_hash(line) for line in lock.read_text().splitlines(keepends=True)))
    fails_with(checkout.setup(), "differs from its hash")


def flip_hash(line: str) -> str:
    before, mark, digest = line.partition("--hash=sha256:")
    return before + mark + digest[:64][::-1] + digest[64:] if mark else line


def test_a_cache_that_cannot_be_written_is_one_clear_line(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    checkout.env["UV_CACHE_DIR"] = str(tmp_path / "file" / "cache")
    fails_with(checkout.setup(), str(tmp_path / "file"), "set UV_CACHE_DIR, or HOME, to a folder you can write")


def test_no_space_is_one_clear_line(checkout: Checkout, tmp_path: Path) -> None:
    unshare = [str(shutil.which("unshare")), *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces: unshare is refused here")
    small = tmp_path / "small"
    small.mkdir()
    copy = 'mount -t tmpfs -o size=4m tmpfs "$0" && cp -r "${1%/scripts/setup}"/. "$0" && exec "$0/scripts/setup"'
    fails_with(checkout.setup(*unshare, "/bin/sh", "-c", copy, str(small)), "no space left", "free some")
