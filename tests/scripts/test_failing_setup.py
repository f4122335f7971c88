"""What setup says when it cannot: one clear line, with what to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from setup_checkout import NOWHERE, Checkout, fails_with


def test_no_network_on_an_empty_cache_is_one_clear_line_and_a_log(checkout: Checkout, tmp_path: Path) -> None:
    checkout.env |= {"UV_CACHE_DIR": str(tmp_path / "empty"), "UV_DEFAULT_INDEX": NOWHERE, "UV_HTTP_RETRIES": "0"}
    fails_with(checkout.setup(), "no network", "check your proxy", "setup.log")
    assert NOWHERE in (checkout.root / "setup.log").read_text()


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
    copy = 'mount -t tmpfs -o size=8m tmpfs "$0" && cp -r "${1%/scripts/setup}"/. "$0" && exec "$0/scripts/setup"'
    fails_with(checkout.setup(*unshare, "/bin/sh", "-c", copy, str(small)), "no space left", "free some")
