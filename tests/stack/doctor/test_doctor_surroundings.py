"""What surrounds the command: a stack that runs, control groups that limit, rights that are given away, odd folders."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from confined import confined
from findings_of import COMMAND, Answer, doctor

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.project import Project
from chaos_aura.stack.doctor.control_groups import place_of_own
from chaos_aura.stack.doctor.examination import Check, examine
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.loopback import look_at_unix_sockets
from chaos_aura.stack.doctor.own_stack import look_at_stack
from chaos_aura.stack.doctor.scene import Scene
from chaos_aura.stack.kept_catalogue import write_catalogue
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.program import Program, Programs

_EMPTY_WITHIN_S = 30


def look(at: Callable[[Scene], Iterator[Finding]], project: Project) -> Finding:
    [finding] = examine([Check("it", Group.MACHINE, at, is_needed=True)], Scene(project, os.environ))
    return finding


@pytest.fixture
def supervised(project_folder: Path) -> Iterator[Project]:
    """A real supervisor over two programs that only wait."""
    project = Project(project_folder)
    project.make()
    argv = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")
    one = Program("redis", argv, str(project.home), str(project.log("redis")), env={}, grace_s=2)
    two = replace(one, name="kafka", log=str(project.log("kafka")))
    services = tuple(Service(program.name, on_loopback(1), "", "") for program in (one, two))
    write_catalogue(project, Catalogue("local", services, ()))
    client = SupervisorClient(project.home)
    client.launch(Programs((one, two)))
    yield project
    client.shut_down(within_s=20)


def test_a_stack_that_runs(supervised: Project) -> None:
    stack = look(look_at_stack, supervised)
    assert stack.is_ok
    assert stack.seen.startswith("2 of 2 services run; ")
    SupervisorClient(supervised.home).stop("kafka")
    stack = look(look_at_stack, supervised)
    assert (stack.state, stack.means) == (State.LIMITED, "down: kafka")


def test_a_stack_that_runs_has_shown_that_unix_sockets_work(supervised: Project) -> None:
    assert look(look_at_unix_sockets, supervised).seen.startswith("the running stack has one")


def test_no_stack(project_folder: Path) -> None:
    assert look(look_at_stack, Project(project_folder)).seen.startswith("not running; ")


def test_a_folder_without_unix_sockets() -> None:
    finding = look(look_at_unix_sockets, Project(Path("/proc")))
    assert (finding.state, finding.blocks) == (State.MISSING, True)
    assert "CHAOS_AURA_PROJECT" in finding.remedy


def test_a_path_longer_than_a_sockets_may_be(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    deep.mkdir()
    assert look(look_at_unix_sockets, Project(deep)).is_ok
    assert list(deep.iterdir()) == []


@contextmanager
def limited_group(controller: str, files: dict[int, str], value: str) -> Iterator[Path]:
    place = place_of_own(controller)
    if place is None:
        pytest.skip(f"no control groups with {controller}")
    group = place.folder / f"chaos-aura-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as refusal:
        pytest.skip(f"this user may not make a control group in {place.folder} ({refusal.strerror})")
    try:
        if not (group / files[place.version]).exists():
            pytest.skip(f"{controller} is not passed on to control groups in {place.folder}")
        (group / files[place.version]).write_text(value)
        yield group
    finally:
        wait_until(lambda: _is_removed(group), _EMPTY_WITHIN_S, "nobody is left in the control group")


def _is_removed(group: Path) -> bool:
    """The kernel calls it busy until what died in it has gone altogether."""
    try:
        group.rmdir()
    except OSError as refusal:
        if refusal.errno != errno.EBUSY:
            raise
        return False
    return True


def doctor_in(group: Path, project: Path) -> Answer:
    join = f"import os, sys; open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
    join += "; os.execv(sys.argv[1], sys.argv[1:])"
    return doctor(project, command=(sys.executable, "-W", "ignore", "-c", join, *COMMAND))


def test_too_little_memory(project_folder: Path) -> None:
    with limited_group("memory", {1: "memory.limit_in_bytes", 2: "memory.max"}, "700000000") as group:
        answer = doctor_in(group, project_folder)
    assert (answer["memory"]["state"], answer["memory"]["blocks"]) == ("missing", True)
    assert answer["memory"]["seen"].startswith(("0.6 GB", "0.7 GB"))
    assert answer.code == 1


def test_too_few_processes(project_folder: Path) -> None:
    with limited_group("pids", {1: "pids.max", 2: "pids.max"}, "200") as group:
        answer = doctor_in(group, project_folder)
    assert (answer["processes"]["state"], answer["processes"]["blocks"]) == ("missing", True)
    assert answer.code == 1


def test_a_share_of_a_processor(project_folder: Path) -> None:
    with limited_group("cpu", {1: "cpu.cfs_quota_us", 2: "cpu.max"}, "90000") as group:
        answer = doctor_in(group, project_folder)
    assert answer["processors"]["state"] == "limited"
    assert answer["processors"]["seen"].endswith("limited to 0.9 of them")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give away")
def test_a_root_that_may_not_administer(project_folder: Path) -> None:
    """As in most containers: no namespaces but by a user namespace, no control groups of its own."""
    setup = "assert not libc.prctl(24, 21, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_ADMIN"
    answer = doctor(project_folder, command=confined(setup, "0"))
    assert "sys_admin" not in answer["rights"]["seen"]
    assert answer["network namespaces"]["state"] in ("limited", "missing")
    assert "packet_loss" in answer.document["summary"] or answer.code == 1
