"""Files of lines: whole lines, bounded, and never in the way."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from chaos_aura.platform.observe.appended import AppendedFile

_LIMITED = """
import resource, sys
from pathlib import Path
from chaos_aura.platform.observe.appended import AppendedFile
file = AppendedFile(Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit in (100, hard):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    for number in range(5):
        file.append(b'{"number": %d, "padding": "%s"}\\n' % (number, b"x" * 20))
print(file.lost)
"""


def line(number: int) -> bytes:
    return b'{"number": %06d}\n' % number


class Complaints:
    def __init__(self) -> None:
        self.heard: list[tuple[str, int | None]] = []

    def __call__(self, path: Path, cause: OSError) -> None:
        self.heard.append((path.name, cause.errno))


def test_what_is_appended_is_there_at_once_and_in_order(tmp_path: Path) -> None:
    file = AppendedFile(tmp_path / "spans" / "worker.ndjson")
    for number in range(10):
        file.append(line(number))
    assert file.path.read_bytes() == b"".join(map(line, range(10)))
    file.close()


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    file = AppendedFile(tmp_path / "worker.ndjson")
    file.append(line(1))
    file.close()
    assert file.path.stat().st_mode & 0o077 == 0


def test_after_a_torn_line_the_next_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "worker.ndjson"
    path.write_bytes(line(1) + b'{"numb')
    file = AppendedFile(path)
    file.append(line(2))
    file.append(line(3))
    file.close()
    assert path.read_bytes() == line(1) + b'{"numb\n' + line(2) + line(3)


def test_a_disk_that_gets_full_in_the_middle_of_a_line_spoils_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "worker.ndjson"
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    told = path.read_text(encoding="utf-8").splitlines()
    whole = [json.loads(each)["number"] for each in told if each.endswith("}")]
    assert whole == [0, 1, 0, 1, 2, 3, 4]
    assert len(told) == len(whole) + 1
    assert int(done.stdout) == 3


def test_a_full_disk_is_counted_and_told_of_once(tmp_path: Path) -> None:
    complaints = Complaints()
    path = tmp_path / "worker.ndjson"
    path.symlink_to("/dev/full")
    file = AppendedFile(path, complain=complaints)
    for number in range(5):
        file.append(line(number) * 2, count=2)
    assert (file.lost, complaints.heard) == (10, [("worker.ndjson", 28)])
    file.close()


def test_a_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    file = AppendedFile(tmp_path / "spans" / "worker.ndjson")
    file.append(line(1))
    shutil.rmtree(file.path.parent)
    file.append(line(2))
    file.close()
    assert (file.path.read_bytes(), file.lost) == (line(2), 0)


def test_it_goes_on_when_the_place_is_usable_again(tmp_path: Path) -> None:
    complaints = Complaints()
    file = AppendedFile(tmp_path / "spans" / "worker.ndjson", complain=complaints)
    for _ in range(2):
        file.path.parent.write_text("no folder", encoding="utf-8")
        file.append(line(1))
        file.append(line(2))
        file.path.parent.unlink()
        file.append(line(3))
        assert file.path.read_bytes() == line(3)
        shutil.rmtree(file.path.parent)
    file.close()
    assert (file.lost, len(complaints.heard)) == (4, 2)


@pytest.mark.parametrize("writers", [1, 3])
def test_a_bounded_file_keeps_the_newest_and_one_former(tmp_path: Path, writers: int) -> None:
    """Also when an old process of the same name ends while the new one writes already."""
    path = tmp_path / "worker.ndjson"
    files = [AppendedFile(path, keep_bytes=20 * len(line(0))) for _ in range(writers)]
    for number in range(1000):
        files[number % writers].append(line(number))
    for file in files:
        file.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["worker.1.ndjson", "worker.ndjson"]
    kept = files[0].former.read_bytes() + path.read_bytes()
    count = len(kept) // len(line(0))
    assert kept == b"".join(map(line, range(1000 - count, 1000)))
    assert 20 <= count <= 20 * 2 + writers


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    file = AppendedFile(tmp_path / "worker.ndjson", keep_bytes=100)
    for number in range(100):
        file.append(line(number))
        assert len(open_in(tmp_path)) == 1
    file.close()
    assert open_in(tmp_path) == []


def open_in(folder: Path) -> list[str]:
    """This process's open files there, those that are deleted by now too. Of others any may be closed meanwhile."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            found.append(os.readlink(descriptor))  # noqa: PTH115 - a deleted one is no path
    return [each for each in found if each.startswith(f"{folder}/")]
