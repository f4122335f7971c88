"""Which Python and which uv setup takes, and what it says where there are none."""

import subprocess
from pathlib import Path

from setup_checkout import GOOD_PYTHON, KEPT, NOWHERE, Checkout, executable, fails_with, lock_of


def old_python(folder: Path) -> Path:
    """A Python below 3.12: one that this machine has, else the good one under a false age."""
    for candidate in ("/usr/bin/python3", *(f"/usr/bin/python3.{minor}" for minor in range(8, 12))):
        ask = [candidate, "-c", "import sys; sys.exit(not (3, 8) <= sys.version_info < (3, 12))"]
        if Path(candidate).exists() and subprocess.run(ask, check=False).returncode == 0:
            return executable(folder / "python3", f'#!/bin/sh\nexec {candidate} "$@"\n')
    age = "import sys; sys.version_info = (3, 9, 0)\n"
    return executable(folder / "python3", f"#!/bin/sh\nshift\nexec '{GOOD_PYTHON}' -c '{age}'\"$1\"\n")


def test_without_any_new_python_it_says_so_and_leaves_nothing(checkout: Checkout, tmp_path: Path) -> None:
    checkout.take_away("good")
    checkout.path.insert(0, old_python(tmp_path / "old").parent)
    checkout.env["UV_PYTHON_DOWNLOADS"] = "never"
    fails_with(checkout.setup(), "no Python >= 3.12", "install Python 3.12 or set PYTHON")
    assert not checkout.venv.exists()


def test_without_any_python_or_uv_it_still_says_what_to_do(checkout: Checkout) -> None:
    checkout.take_away("good", "uv")
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
    checkout.take_away("good")
    checkout.env["PYENV_ROOT"] = str(tmp_path / "py env")
    executable(
        tmp_path / "py env" / "versions" / "3.12.9" / "bin" / "python3", f'#!/bin/sh\nexec "{GOOD_PYTHON}" "$@"\n'
    )
    assert checkout.setup().returncode == 0
    assert checkout.works()


def test_missing_uv_is_brought_in(checkout: Checkout) -> None:
    checkout.take_away("uv")
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.works()
    assert [path.name for path in (checkout.root / ".uv").rglob("*") if path.is_file()] == ["uv"]


def test_no_network_to_bring_in_uv_is_one_clear_line(checkout: Checkout) -> None:
    checkout.take_away("uv")
    (checkout.root / "requirements.lock").write_text(lock_of((*KEPT, "uv")))
    checkout.env["PIP_INDEX_URL"] = NOWHERE
    fails_with(checkout.setup(), "uv: cannot be brought in", "no network", "install uv yourself")
    assert not (checkout.root / ".uv").exists()
