"""Makes the services out of the settings. It connects to nothing yet: the API starts whatever is away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chaos_aura.platform.allocation.calls import TEMPORAL
from chaos_aura.platform.allocation.client import POLICY, AllocationClient
from chaos_aura.platform.api.admission import Admission
from chaos_aura.platform.api.readiness import Dependency, Readiness
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.api.signs import Signs
from chaos_aura.platform.connections import connect_temporal
from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.events import ping as kafka
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.flags import FlagFile
from chaos_aura.platform.guarding import guard_of
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.observe import Observer
from chaos_aura.platform.projection.usage import UsageReader
from chaos_aura.platform.settings import Settings
from chaos_aura.platform.stores import contexts, decisions
from chaos_aura.platform.stores.decisions import Decisions

_STORE_TIMEOUT_S = 2.0
_LOOK_WITHIN_S = 0.8
# Long enough for a Temporal that is just restarted, short enough to say in time that it is away.
_TEMPORAL_RETRIES_S = 0.7
_NOBODY = "-"  # no tenant can be called so
_NEEDED = (TEMPORAL, "neo4j", "redis", "kafka")


@dataclass(frozen=True)
class _Guards:
    temporal: Guard
    neo4j: Guard
    redis: Guard
    kafka: Guard

    @classmethod
    def of(cls, settings: Settings, observer: Observer) -> "_Guards":
        flags = FlagFile(settings.flags_path, observer.environ)
        return cls(
            temporal=guard_of(TEMPORAL, POLICY, flags, observer),
            neo4j=guard_of("neo4j", _patient(decisions.FAILURES), flags, observer),
            redis=guard_of("redis", _patient(contexts.FAILURES), flags, observer),
            kafka=guard_of("kafka", _patient(Publisher.FAILURES), flags, observer),
        )


@asynccontextmanager
async def made_services(settings: Settings, observer: Observer) -> AsyncIterator[Services]:
    _refuse_missing_addresses(settings)
    guards = _Guards.of(settings, observer)
    signs = Signs(observer)
    admission = Admission(on_refusal=signs.overloaded)
    signs.show(admission)
    client = await connect_temporal(settings, lazy=True, retry_for_s=_TEMPORAL_RETRIES_S)
    allocations = AllocationClient(client, guards.temporal)
    async with AsyncExitStack() as entered:
        neo4j = Decisions(settings.neo4j, timeout_s=_STORE_TIMEOUT_S)
        entered.push_async_callback(neo4j.close)
        usage = UsageReader(settings.redis, timeout_s=_STORE_TIMEOUT_S)
        entered.push_async_callback(usage.close)
        dependencies = (
            Dependency(TEMPORAL, guards.temporal, allocations.ping),
            Dependency("worker", guards.temporal, allocations.ping_worker),
            _looked_at(guards.neo4j, neo4j.ping),
            _looked_at(guards.redis, partial(usage.of, _NOBODY)),
            _looked_at(guards.kafka, partial(kafka.ping, settings.kafka, _LOOK_WITHIN_S)),
        )
        readiness = Readiness(dependencies, indispensable=TEMPORAL, on_change=signs.readiness_changed)
        readiness.start()
        entered.push_async_callback(readiness.close)
        yield Services(allocations, neo4j, usage, guards.neo4j, guards.redis, admission, readiness)


def _patient(failures: tuple[type[Exception], ...]) -> Policy:
    return Policy(failures=failures, attempt_s=_STORE_TIMEOUT_S, deadline_s=2 * _STORE_TIMEOUT_S)


def _looked_at(guard: Guard, ping: Callable[[], Awaitable[object]]) -> Dependency:
    """Not repeated: a look is to show what one call meets."""
    return Dependency(guard.dependency, guard, lambda: guard.run(ping, deadline_s=_LOOK_WITHIN_S, idempotent=False))


def _refuse_missing_addresses(settings: Settings) -> None:
    for name in _NEEDED:
        if not getattr(settings, name):
            raise BadSettings(f"settings of {settings.process}", f"`{name}` is missing: the API asks it")
