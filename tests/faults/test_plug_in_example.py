"""The example for writers of plug-ins is installed as theirs would be, passes the contract, and is used."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_home import FakeHome, fake_home
from local_stack import chaos_aura

_ROOT = Path(__file__).parent.parent.parent
_WITHIN_S = 90
_WITNESS = "            hurts=lambda: refuses_to_start(lock),\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Into a folder of its own, from a copy: building leaves files beside the sources."""
    place = tmp_path_factory.mktemp("plug-in")
    source, folder = place / "source", place / "installed"
    shutil.copytree(_ROOT / "docs" / "plug-in", source)
    uv = subprocess.run([_ROOT / "scripts" / "find_uv"], capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run(
        [uv, "pip", "install", "--python", sys.executable, "--target", folder, "--no-deps", "--no-build-isolation",
         "--offline", source],
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def installed(built: Path, tmp_path: Path) -> Path:
    """A test's own, which it may break."""
    return shutil.copytree(built, tmp_path / "installed")


@pytest.fixture
def home(tmp_path: Path, installed: Path) -> Iterator[FakeHome]:
    with fake_home(tmp_path / "project", installed) as made:
        yield made


def run(home: FakeHome, argv: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv, env=home.environ, cwd=home.root, capture_output=True, text=True, timeout=_WITHIN_S, check=False
    )


def test_it_is_found_and_used_by_its_word(home: FakeHome) -> None:
    told = run(home, chaos_aura("faults", "stale_lock"))
    assert "by stale-lock: neo4j, redis, kafka" in told.stdout
    assert "not worker.neo4j by stale-lock: worker.neo4j is an edge, which has no data (name a service)" in told.stdout
    done = run(home, chaos_aura("inject", "stale_lock", "-t", "redis", "--for", "0.5s", "-p", "file=x.lock"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "in force: stale_lock of redis by stale-lock" in done.stdout
    assert re.search(r"^healed(?: on time, by the reaper)?: x\.lock is not there$", done.stdout, re.MULTILINE)
    assert not list((home.home / "data").rglob("*.lock"))


def own_tests(
    home: FakeHome, copied: Path, *more: str, only: str = "", witnessed: bool = True
) -> "subprocess.CompletedProcess[str]":
    tests = (_ROOT / "docs" / "plug-in" / "test_stale_lock.py").read_text()
    assert _WITNESS in tests
    copied.mkdir()
    (copied / "test_stale_lock.py").write_text(tests if witnessed else tests.replace(_WITNESS, ""))
    environ = {**home.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir", str(copied), str(copied),
         "-k", only, *more],
        env=environ, cwd=copied, capture_output=True, text=True, timeout=_WITHIN_S, check=False,
    )  # fmt: skip


def test_it_passes_the_contract_with_its_own_tests(home: FakeHome, tmp_path: Path) -> None:
    done = own_tests(home, tmp_path / "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed, 2 not tried in" in done.stdout
    assert "test_it_heals_when_the_target_is_gone NOT TRIED (a file needs no process)" in done.stdout


def test_what_was_not_tried_is_told_also_by_who_ran_nothing(home: FakeHome, tmp_path: Path) -> None:
    done = own_tests(home, tmp_path / "tests", "-p", "xdist", "-p", "chaos_aura.faults.not_tried", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed, 2 not tried in" in done.stdout


_GONE = "    def gone(self, undo: Undo) -> Proof:"
_HEALS = "            path.unlink(missing_ok=True)"
_READS = "        return path.read_text(encoding="
_KEEPS = '        data = {"path": str(path), '
_ELSEWHERE = '        data = {"path": f"{path}.not", '
_LIES = {  # in all of its proofs alike, so that they bear each other out
    "heals nothing, and says that it is gone": {
        _HEALS: "            Path(f'{path}.healed').touch()",
        _READS: f"        if Path(f'{{path}}.healed').exists():\n            return None\n{_READS}",
    },
    "hurts nobody, and says that it is in force": {_KEEPS: _ELSEWHERE},
    "prepares with an effect, and says that it is not in force": {
        _KEEPS: f"        path.parent.mkdir(parents=True, exist_ok=True)\n        path.touch()\n{_ELSEWHERE}"
    },
}
_BREAKS = {
    "prepares with an effect": {
        "        return Undo(data": "        path.parent.mkdir(parents=True)\n"
        "        path.write_text(data['content'])\n        return Undo(data"
    },
    "says at once that it is gone": {_GONE: f"{_GONE}\n        return Proof(True, 'surely')"},
    "heals nothing": {_HEALS: "            pass"},
    "heals only in its own process": {
        _HEALS: "            path.unlink() if hasattr(self, 'mine') else None",
        "        with os.fdopen(": "        self.mine = True\n        with os.fdopen(",
    },
    "heals only what is there": {"        if _content(path) in": "        path.stat()\n        if _content(path) in"},
    "assumes that it is in force": {"return Proof(_content(path) == undo": "return Proof(True or undo"},
    "assumes that it is not": {"return Proof(_content(path) == undo": "return Proof(False and undo"},
    **_LIES,
}


_FOUND_BY = {
    "prepares with an effect": "test_preparing_has_no_effect",
    "says at once that it is gone": "test_it_is_proven_in_force_and_gone",
    "heals nothing": "test_it_is_proven_in_force_and_gone",
    "heals only in its own process": "test_it_heals_from_another_process",
    "heals only what is there": "test_it_heals_what_was_never_injected",
    "assumes that it is in force": "test_preparing_has_no_effect",
    "assumes that it is not": "test_it_is_proven_in_force_and_gone",
    "heals nothing, and says that it is gone": "test_it_is_proven_in_force_and_gone",
    "hurts nobody, and says that it is in force": "test_it_is_proven_in_force_and_gone",
    "prepares with an effect, and says that it is not in force": "test_preparing_has_no_effect",
}


def break_it(installed: Path, name: str) -> None:
    module = installed / "stale_lock.py"
    broken = module.read_text()
    for before, after in _BREAKS[name].items():
        assert before in broken
        broken = broken.replace(before, after)
    module.write_text(broken)


@pytest.mark.parametrize("name", _BREAKS)
def test_an_injector_that_breaks_the_contract_fails_it(
    home: FakeHome, installed: Path, tmp_path: Path, name: str
) -> None:
    """The contract is shown what it exists to find."""
    break_it(installed, name)
    done = own_tests(home, tmp_path / "tests", only=_FOUND_BY[name])
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"FAILED test_stale_lock.py::TestStaleLock::{_FOUND_BY[name]}" in done.stdout


@pytest.mark.parametrize("name", _LIES)
def test_nothing_but_the_witness_finds_one_that_lies(
    home: FakeHome, installed: Path, tmp_path: Path, name: str
) -> None:
    break_it(installed, name)
    done = own_tests(home, tmp_path / "tests", only="TestStaleLock", witnessed=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout
