"""What this machine can and cannot do, seen by trying: nothing that is tried stays, nothing beyond loopback is asked.

    findings = diagnose(Scene(project, os.environ))
    local_stack_can_run(findings)

A check is a function from the scene to findings. One that crashes or hangs is a finding too.
"""

from chaos_aura.stack.doctor import (
    docker,
    extras,
    holdings,
    ingredients,
    loopback,
    network,
    own_stack,
    processes,
    room,
    skewed_clock,
    this_machine,
)
from chaos_aura.stack.doctor.examination import Check, examine
from chaos_aura.stack.doctor.finding import Finding, Group, State, local_stack_can_run, summary
from chaos_aura.stack.doctor.group_rights import ControllerCheck
from chaos_aura.stack.doctor.scene import Scene

__all__ = ["CHECKS", "Check", "Finding", "Group", "Scene", "State", "diagnose", "local_stack_can_run", "summary"]

CHECKS = (
    Check("processors", Group.MACHINE, this_machine.look_at_processors),
    Check("memory", Group.MACHINE, this_machine.look_at_memory),
    Check("python", Group.MACHINE, this_machine.look_at_python),
    Check("open files", Group.MACHINE, this_machine.look_at_files_limit),
    Check("processes", Group.MACHINE, this_machine.look_at_processes_limit),
    Check("disk at the project", Group.MACHINE, room.look_at_room_of_project),
    Check("disk at the cache", Group.MACHINE, room.look_at_room_of_cache),
    Check("disk at TMPDIR", Group.MACHINE, room.look_at_room_for_temporary_files),
    Check("loopback", Group.MACHINE, loopback.look_at_loopback, is_needed=True),
    Check("ports", Group.MACHINE, loopback.look_at_ports, is_needed=True),
    Check("unix sockets", Group.MACHINE, loopback.look_at_unix_sockets, is_needed=True),
    Check("java", Group.STACK, ingredients.look_at_java, is_needed=True),
    Check("redis-server", Group.STACK, ingredients.look_at_redis, is_needed=True),
    Check("temporal", Group.STACK, ingredients.look_at_temporal, is_needed=True),
    Check("jpype", Group.STACK, ingredients.look_at_jpype, is_needed=True),
    Check("toxiproxy", Group.STACK, ingredients.look_at_toxiproxy, is_needed=True),
    Check("go", Group.STACK, ingredients.look_at_go, is_needed=True),
    Check("uv", Group.STACK, ingredients.look_at_uv),
    Check("platform", Group.STACK, ingredients.look_at_platform, is_needed=True),
    Check("extras", Group.STACK, extras.look_at_extras),
    Check("cache", Group.CACHE, holdings.look_at_folder),
    Check("parts", Group.CACHE, holdings.look_at_parts, is_needed=True, hashes=True),
    Check("start-up caches", Group.CACHE, holdings.look_at_startup_caches, hashes=True),
    Check("stack", Group.CACHE, own_stack.look_at_stack),
    Check("docker engine", Group.INJECTORS, docker.look_at_engine, rules_out=("faults on containers",)),
    Check("docker client", Group.INJECTORS, docker.look_at_client),
    Check("docker compose", Group.INJECTORS, docker.look_at_compose),
    Check("cgroup cpu", Group.INJECTORS, ControllerCheck("cpu")),
    Check("cgroup memory", Group.INJECTORS, ControllerCheck("memory"), rules_out=("memory_limit",)),
    Check("network namespaces", Group.INJECTORS, network.look_at_network, rules_out=("packet_loss",)),
    Check("prlimit", Group.INJECTORS, processes.look_at_limits_of_others, rules_out=("fd_limit", "file_size_limit")),
    Check("ptrace", Group.INJECTORS, processes.look_at_tracing),
    Check("pidfd", Group.INJECTORS, processes.look_at_descriptors_of_processes),
    Check("libfaketime", Group.INJECTORS, skewed_clock.look_at_clock_skew, rules_out=("clock_skew",)),
    Check("rights", Group.INJECTORS, processes.look_at_rights),
    Check("orphans", Group.INJECTORS, processes.look_at_orphans),
)


def diagnose(scene: Scene) -> tuple[Finding, ...]:
    return examine(CHECKS, scene)
