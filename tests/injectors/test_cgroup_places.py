"""Where a group would be made. Of version 2 only what its files say is tried here, on copies of such files in a folder;
putting in and taking out is tried on the kernel's own, where it is mounted.
"""

import os
import subprocess
from pathlib import Path

import pytest
from process_cases import as_nobody

from chaos_aura.core.process import ProcessId
from injectors.cgroup.controls import Control, cpu_controls, memory_controls
from injectors.cgroup.group import Group, try_controls
from injectors.cgroup.groups import Groups, NoPlace, Place

PID = 7


class Files:
    """A folder that reads like /proc and /sys/fs/cgroup, with one process in one group."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.top = folder / "proc", folder / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / str(PID)).mkdir()
        self.top.mkdir()

    def mounted(self, *lines: str) -> Groups:
        (self.proc / "self/mountinfo").write_text("\n".join(lines) + "\n", encoding="ascii")
        return Groups(self.proc)

    def unified(self, root: str = "/") -> str:
        self.write("cgroup.controllers", "cpuset cpu io memory pids")
        return f"30 23 0:26 {root} {self.top} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"

    def is_in(self, *lines: str) -> None:
        (self.proc / str(PID) / "cgroup").write_text("\n".join(lines) + "\n", encoding="ascii")

    def write(self, name: str, text: str) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="ascii")
        return path.parent


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_of_version_1_it_is_made_below(files: Files) -> None:
    groups = files.mounted(f"30 23 0:26 / {files.top} rw - cgroup cgroup rw,cpu,cpuacct")
    files.is_in("4:cpu,cpuacct:/a/b", "0::/elsewhere")
    folder = files.top / "a/b"
    assert groups.place_for(PID, "cpu") == Place(1, files.top, folder, folder)


def test_of_version_2_it_is_made_beside(files: Files) -> None:
    groups = files.mounted(files.unified())
    files.is_in("0::/user/scope")
    former = files.write("user/scope/cgroup.type", "domain")
    files.write("user/scope/cpu.max", "max 100000")
    files.write("user/cgroup.subtree_control", "cpu memory")
    assert groups.place_for(PID, "cpu") == Place(2, files.top, former, former.parent)


def test_of_version_2_below_the_topmost(files: Files) -> None:
    groups = files.mounted(files.unified())
    files.is_in("0::/")
    files.write("cgroup.subtree_control", "cpu memory")
    assert groups.place_for(PID, "memory") == Place(2, files.top, files.top, files.top)


def test_what_is_mounted_may_show_a_part(files: Files) -> None:
    groups = files.mounted(files.unified(root="/machine"))
    files.is_in("0::/machine/user/scope")
    former = files.write("user/scope/cgroup.type", "domain")
    files.write("user/cgroup.subtree_control", "cpu")
    assert groups.place_for(PID, "cpu").former == former


@pytest.mark.parametrize("file", ["cpu.max", "memory.max", "memory.high"])
def test_no_limit_of_its_group_is_left_behind(files: Files, file: str) -> None:
    groups = files.mounted(files.unified())
    files.is_in("0::/user/scope")
    files.write("user/scope/cgroup.type", "domain")
    files.write(f"user/scope/{file}", "50000 100000")
    files.write("user/cgroup.subtree_control", "cpu")
    with pytest.raises(NoPlace, match=f"{file} of its own, which would not hold in a group beside it"):
        groups.place_for(PID, "cpu")


def test_a_controller_that_is_not_passed_on_is_told(files: Files) -> None:
    groups = files.mounted(files.unified())
    files.is_in("0::/user/scope")
    files.write("user/scope/cgroup.type", "domain")
    files.write("user/cgroup.subtree_control", "memory")
    with pytest.raises(NoPlace, match="user does not pass cpu on to the groups in it"):
        groups.place_for(PID, "cpu")


def test_a_container_sees_nothing_beside_its_own(files: Files) -> None:
    groups = files.mounted(files.unified())
    files.is_in("0::/")
    files.write("cgroup.type", "domain")
    with pytest.raises(NoPlace, match="no group beside it can be seen from here"):
        groups.place_for(PID, "cpu")


@pytest.mark.parametrize("mounts", [[], ["30 23 0:26 / /nowhere rw - cgroup cgroup rw,pids"]])
def test_no_such_controller_is_told(files: Files, mounts: list[str]) -> None:
    files.is_in("0::/")
    with pytest.raises(NoPlace, match="no control groups with cpu are mounted"):
        files.mounted(*mounts).place_for(PID, "cpu")


def test_what_is_written() -> None:
    assert cpu_controls(2, 20) == (Control("cpu.max", "20000 100000"),)
    assert cpu_controls(1, 1)[1] == Control("cpu.cfs_quota_us", "1000")
    assert memory_controls(2, 5000)[0] == Control("memory.max", "4096")
    assert memory_controls(1, 8192)[0] == Control("memory.limit_in_bytes", "8192")


def test_processes_go_into_a_group_of_version_2_and_back() -> None:
    """Without any limit: here its controllers may all be with version 1."""
    top = _unified_mount()
    group = Group(top / f"chaos-aura-test-{os.getpid()}")
    with subprocess.Popen(["sleep", "100"]) as sleeping:
        process = ProcessId.of(sleeping.pid)
        assert process
        try:
            group.make(())
            former = top / _unified_path(process).lstrip("/")
            group.take_in([process])
            assert (group.pids(), _unified_path(process)) == ([process.pid], f"/{group.folder.name}")
            group.remove(former)
            assert not group.folder.exists()
            assert top / _unified_path(process).lstrip("/") == former
        finally:
            sleeping.kill()


def test_a_limit_that_is_not_taken_leaves_no_group() -> None:
    top, me = _unified_mount(), ProcessId.of(os.getpid())
    assert me
    with pytest.raises(OSError, match=r"no\.such does not take 1"):
        try_controls(top, (Control("no.such", "1"),), me)
    assert list(top.glob(f"chaos-aura-trial-{me.pid}-*")) == []


def test_whoever_may_make_no_group_is_told() -> None:
    top, me = _unified_mount(), ProcessId.of(os.getpid())
    assert me
    with as_nobody(), pytest.raises(PermissionError):
        try_controls(top, (), me)
    assert list(top.glob(f"chaos-aura-trial-{me.pid}-*")) == []


def _unified_mount() -> Path:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        if " - cgroup2 " in line and os.access(line.split()[4], os.W_OK):
            return Path(line.split()[4])
    pytest.skip("no control groups of version 2 that may be written are mounted")


def _unified_path(process: ProcessId) -> str:
    lines = Path(f"/proc/{process.pid}/cgroup").read_text(encoding="ascii").splitlines()
    return next(line for line in lines if line.startswith("0::"))[3:]
