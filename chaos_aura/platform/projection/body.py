"""The process: what it is made of, and what it tells of itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict

from chaos_aura.platform.events.kafka_client import KafkaError
from chaos_aura.platform.events.producer import Producer
from chaos_aura.platform.flags import FlagFile
from chaos_aura.platform.guards import BreakerState, Guard, Policy
from chaos_aura.platform.health_server import HealthServer
from chaos_aura.platform.observe import Observer, metrics
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.projection.dead_letters import DeadLetters
from chaos_aura.platform.projection.keys import BUILDING
from chaos_aura.platform.projection.ledger import Ledger
from chaos_aura.platform.projection.projector import Projector
from chaos_aura.platform.projection.reader import EventReader
from chaos_aura.platform.projection.rebuild import Rebuild
from chaos_aura.platform.settings import Settings

_CALL_S = 2.0
# A letter may hold a megabyte, whose checksum alone takes kafka-python a second on a busy machine.
_LETTER_S = 10.0


async def project(settings: Settings, observer: Observer, ending: asyncio.Event) -> None:
    """Until the event is set."""
    redis, kafka = _guards(settings, observer)
    async with AsyncExitStack() as closing:
        ledger = Ledger(settings.redis, timeout_s=_CALL_S)
        closing.push_async_callback(ledger.close)
        producer = Producer(settings.kafka, timeout_s=_LETTER_S)
        closing.push_async_callback(producer.close)
        reader = EventReader(settings.kafka, member=settings.process, timeout_s=_CALL_S)
        closing.push_async_callback(reader.close)
        projector = Projector(reader, ledger, DeadLetters(producer), redis=redis, kafka=kafka)
        await closing.enter_async_context(_told(settings, projector, redis, kafka))
        await projector.run(ending)


async def rebuild(settings: Settings, observer: Observer, ending: asyncio.Event) -> None:
    """NotRebuilt when it did not come to its end."""
    redis, _ = _guards(settings, observer)
    async with AsyncExitStack() as closing:
        ledger = Ledger(settings.redis, timeout_s=_CALL_S, pointer=BUILDING)
        closing.push_async_callback(ledger.close)
        reader = EventReader(settings.kafka, member=None, timeout_s=_CALL_S)
        closing.push_async_callback(reader.close)
        rebuilt = await Rebuild(reader, ledger, redis=redis, ending=ending).run()
        get_logger().info("rebuilt", **asdict(rebuilt))


def _guards(settings: Settings, observer: Observer) -> tuple[Guard, Guard]:
    flags = FlagFile(settings.flags_path, observer.environ).current
    redis = Policy(failures=Ledger.FAILURES, attempt_s=_CALL_S, deadline_s=2 * _CALL_S)
    kafka = Policy(failures=(KafkaError,), attempt_s=_LETTER_S + _CALL_S, deadline_s=2 * _LETTER_S)
    observer.expect("redis", "kafka")
    return (
        Guard("redis", flags=flags, policy=redis, notice=observer.notice),
        Guard("kafka", flags=flags, policy=kafka, notice=observer.notice),
    )


@asynccontextmanager
async def _told(settings: Settings, projector: Projector, redis: Guard, kafka: Guard) -> AsyncIterator[None]:
    async def readiness() -> tuple[bool, dict[str, object]]:
        is_ready = projector.watchman.sees_all and redis.state is BreakerState.CLOSED
        return is_ready, {
            "status": "ready" if is_ready else "away",
            "dependencies": {guard.dependency: guard.snapshot().document for guard in (kafka, redis)},
            "generation": projector.track.generation,
            "partitions": projector.partitions,
        }

    server = HealthServer(settings.listen_host, settings.listen_port, readiness, metrics.exposition)
    await server.start()
    try:
        yield
    finally:
        await server.close()
