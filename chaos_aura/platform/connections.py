"""Connections to Temporal, as every process of the platform makes them."""

from temporalio.client import Client
from temporalio.service import KeepAliveConfig, RetryConfig

from chaos_aura.platform.observe.temporal import Tracing, core_runtime
from chaos_aura.platform.settings import Settings

# A connection whose other end has gone silent is noticed after this, not after the default of 45 s.
_KEEP_ALIVE = KeepAliveConfig(interval_millis=3000, timeout_millis=3000)


async def connect_temporal(settings: Settings, *, lazy: bool, retry_for_s: float) -> Client:
    """Not lazy, it raises RuntimeError when Temporal is away. `retry_for_s` bounds the client's retries of a call."""
    return await Client.connect(
        settings.temporal,
        namespace=settings.namespace,
        interceptors=[Tracing()],
        runtime=core_runtime(),
        lazy=lazy,
        identity=settings.process,
        keep_alive_config=_KEEP_ALIVE,
        retry_config=RetryConfig(
            initial_interval_millis=50,
            max_interval_millis=500,
            max_elapsed_time_millis=int(retry_for_s * 1000),
            max_retries=0,
        ),
    )
