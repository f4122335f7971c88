"""What starts when services are named: those, what they need, and the proxy by which they reach it."""

from collections.abc import Collection

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.services import LOCAL_SERVICES, MOST_WORKERS, WORKERS, services_with
from chaos_aura.stack.services.member import Member
from chaos_aura.stack.services.packages import refuse_missing_packages

ALL = tuple(service.name for service in services_with(workers=1))
_WORKER = WORKERS[0].name
# Without a worker nobody ever answers the API; without Toxiproxy every edge is dead.
_BRINGS = {"api": (_WORKER,)}
_ALWAYS = "toxiproxy"


def selected(named: tuple[str, ...], workers: int) -> tuple[str, ...]:
    """In the order in which people see them. `worker` stands for all of them, `worker-2` for itself."""
    refuse_unknown(named)
    wanted: set[str] = set()
    ahead = [_ALWAYS, *named]
    while ahead:
        if (name := ahead.pop()) not in wanted:
            wanted.add(name)
            ahead += _needs(name)
    if _WORKER in wanted:
        wanted |= {worker.name for worker in WORKERS[:workers]}
    _refuse_spare(wanted, workers)
    return tuple(service.name for service in LOCAL_SERVICES if service.name in wanted)


def refuse_unknown(named: Collection[str]) -> None:
    known = {service.name for service in LOCAL_SERVICES}
    for name in named:
        if name not in known:
            raise BadInput(name or "(empty name)", "no such service", f"there are: {', '.join(ALL)}")


def refuse_missing_packages_of(names: Collection[str]) -> None:
    """Of the platform: the other services need none."""
    for service in LOCAL_SERVICES:
        if service.name in names and isinstance(service, Member):
            refuse_missing_packages(service.name)


def _needs(name: str) -> tuple[str, ...]:
    client = next((worker.client for worker in WORKERS if worker.name == name), name)
    return (*_BRINGS.get(name, ()), *(service for by, service in EDGES if by == client))


def _refuse_spare(wanted: set[str], workers: int) -> None:
    for name in sorted(wanted - {service.name for service in services_with(workers)}):
        number = 1 + [worker.name for worker in WORKERS].index(name)
        why = f"is not one of {workers} worker{'s' if workers > 1 else ''}"
        raise BadInput(name, why, f"run: chaos-aura up --workers {number}, of at most {MOST_WORKERS}")
