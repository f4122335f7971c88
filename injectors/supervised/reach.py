"""Whether this user may stop and kill what a service runs as."""

import os

from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import YES, Capability, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.supervised.service import contained


def may_be_signalled(ground: Ground, target: Target, so_that_it_is: str) -> Capability:
    """Yes for a service that runs now. `so_that_it_is` says what for: killed, throttled."""
    if isinstance(target, Edge):
        return no(f"{target.name} is an edge: only a process can be {so_that_it_is}", f"aim at {target.service}")
    if target.is_contained:
        return contained(target.name)
    try:
        process = ground.process_of(target.name)
    except ChaosAuraError as cause:
        return no(f"{cause.where}: {cause.why}", cause.remedy)
    return process_may_be_signalled(process, target.name)


def process_may_be_signalled(process: ProcessId | None, service: str) -> Capability:
    """None does not run."""
    if process is None:
        return _does_not_run(service)
    try:
        os.kill(process.pid, 0)
    except PermissionError:
        return no(f"process {process.pid} of {service} is another user's", "run as that user")
    except ProcessLookupError:
        return _does_not_run(service)
    return YES


def _does_not_run(service: str) -> Capability:
    return no(f"{service} does not run", "wait until it is well: chaos-aura status")
