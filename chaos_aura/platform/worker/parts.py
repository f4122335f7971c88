"""What a worker is made of: its stores, its guards, its council."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from chaos_aura.platform.allocation.deciding import Deciding
from chaos_aura.platform.allocation.orders import Store
from chaos_aura.platform.allocation.recorder import Recorder
from chaos_aura.platform.council.ballot import Ballot
from chaos_aura.platform.council.council import Council
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.flags import FlagFile
from chaos_aura.platform.guarding import guard_of
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.observe import Observer, metrics
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.settings import Settings
from chaos_aura.platform.stores import contexts, decisions
from chaos_aura.platform.stores.context_reader import ContextReader
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.platform.stores.decisions import Decisions

_STORE_TIMEOUT_S = 2.0
# A Neo4j that has just started plans its first write for seconds.
_ATTEMPTS_S = {Store.NEO4J: 4.0}
DEADLINE_S = 4.5  # an activity has five
_FAILURES = {
    Store.NEO4J: decisions.FAILURES,
    Store.REDIS: contexts.FAILURES,
    Store.KAFKA: Publisher.FAILURES,
}


@dataclass(frozen=True)
class Parts:
    flags: FlagFile
    guards: Mapping[Store, Guard]
    decisions: Decisions
    contexts: Contexts
    publisher: Publisher
    recorder: Recorder
    reader: ContextReader
    council: Council

    @classmethod
    @asynccontextmanager
    async def made(cls, settings: Settings, observer: Observer) -> "AsyncIterator[Parts]":
        """Connects to nothing yet: a worker starts whatever is away."""
        flags = FlagFile(settings.flags_path, observer.environ)
        guards = {
            store: guard_of(
                store.value,
                Policy(failures=failures, attempt_s=_ATTEMPTS_S.get(store, _STORE_TIMEOUT_S), deadline_s=DEADLINE_S),
                flags,
                observer,
            )
            for store, failures in _FAILURES.items()
        }
        async with AsyncExitStack() as entered:
            neo4j = Decisions(settings.neo4j, timeout_s=_ATTEMPTS_S[Store.NEO4J])
            entered.push_async_callback(neo4j.close)
            redis = Contexts(settings.redis, ttl_s=settings.context_ttl_s, timeout_s=_STORE_TIMEOUT_S)
            entered.push_async_callback(redis.close)
            kafka = Publisher(settings.kafka, timeout_s=_STORE_TIMEOUT_S)
            entered.push_async_callback(kafka.close)
            reader = ContextReader(redis, neo4j, guards[Store.REDIS], guards[Store.NEO4J], flags.current)
            entered.push_async_callback(reader.close)
            council = Council(flags.current, notice=observer.notice, told=_count_ballot)
            entered.callback(council.close)
            observer.expect(*council.states)
            if council.missing:
                get_logger().error("council agents are missing", why=council.missing)
            recorder = Recorder(neo4j, redis, kafka, guards)
            yield cls(flags, guards, neo4j, redis, kafka, recorder, reader, council)

    def deciding(self, pool: PoolClient) -> Deciding:
        return Deciding(pool, self.reader, self.council, self.flags.current)


def _count_ballot(ballot: Ballot) -> None:
    for vote in ballot.votes:
        metrics.council_votes_total.labels(agent=vote.agent, vote="yes" if vote.approves else "no").inc()
    for agent in ballot.absent:
        metrics.council_absent_total.labels(agent=agent).inc()
