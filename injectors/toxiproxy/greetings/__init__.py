"""What a round trip is made of: the smallest question that a server answers, of a size that can be chosen."""

from injectors.toxiproxy.greetings.bolt import Bolt
from injectors.toxiproxy.greetings.greeting import Greeting
from injectors.toxiproxy.greetings.http import Http
from injectors.toxiproxy.greetings.kafka import Kafka
from injectors.toxiproxy.greetings.redis import Redis
from injectors.toxiproxy.greetings.temporal import Temporal

__all__ = ["Greeting", "greeting_for"]

_BY_SCHEME: dict[str, Greeting] = {"redis": Redis(), "bolt": Bolt(), "http": Http()}
_BY_SERVICE: dict[str, Greeting] = {"kafka": Kafka(), "temporal": Temporal()}


def greeting_for(service: str, scheme: str) -> Greeting | None:
    """None when nobody here speaks the service's language."""
    return _BY_SCHEME.get(scheme) or _BY_SERVICE.get(service)
