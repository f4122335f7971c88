"""What listens at an address: by really asking it, in the order that its name and port suggest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.core.project_file import TOXIPROXY
from chaos_aura.pings import bolt, http, kafka, redis, temporal, toxiproxy
from chaos_aura.pings.pong import Pong
from chaos_aura.stack.external.described import HTTP

_WITHIN_S = 1.5
_HINTED_WITHIN_S = 5.0  # what it seems to be may be slow to answer: before that nothing else is believed
_PAGES = ("/healthz", "/readyz", "/health", "/")
_PINGS: Mapping[str, Callable[[Address, float], Pong]] = {
    "redis": redis.ping,
    "neo4j": bolt.ping,
    "kafka": kafka.ping,
    "temporal": temporal.ping,
    TOXIPROXY: toxiproxy.ping,
}
_PORTS = {6379: "redis", 7687: "neo4j", 9092: "kafka", 9094: "kafka", 7233: "temporal", 8474: TOXIPROXY}
_WORDS = {"redis": "redis", "valkey": "redis", "neo4j": "neo4j", "kafka": "kafka", "temporal": "temporal"}
_WORDS |= {"redpanda": "kafka", "toxiproxy": TOXIPROXY}


@dataclass(frozen=True, slots=True)
class Guess:
    """`health`: of an http service, the first page that was answered with 2xx. `told`: what it answered; of one that
    answered nothing, why it is taken for what it is all the same. No `kind`: nobody knows.
    """

    kind: str
    health: str = ""
    told: str = ""
    has_answered: bool = True


def guess(address: Address, port_inside: int, image: str) -> Guess:
    """`port_inside`: by which its own container knows it; `image`: what that was made from."""
    hint, failed = _hint(port_inside, image), ""
    for kind in _order(hint):
        within_s = _HINTED_WITHIN_S if kind == hint else _WITHIN_S
        try:
            if kind == HTTP:
                return _page(address, within_s)
            return Guess(kind, told=_PINGS[kind](address, within_s).detail)
        except PingFailed as cause:
            failed = failed or cause.why  # which is first what it seems to be
    if hint in _PINGS:
        return Guess(hint, told=f"by its image or its port; it does not answer so: {failed}", has_answered=False)
    return Guess("", told="it answers in no way that is known here", has_answered=False)


def _hint(port: int, image: str) -> str:
    """A service that a word stands in its image is called after, else by the port that is usual for it."""
    name = image.rpartition("/")[2].partition(":")[0]
    return next((kind for word, kind in _WORDS.items() if word in name), _PORTS.get(port, HTTP))


def _order(hint: str) -> tuple[str, ...]:
    """Toxiproxy answers HTTP, too, and Neo4j does so on the port of its own protocol."""
    usual = (TOXIPROXY, "neo4j", HTTP, "redis", "kafka", "temporal")
    return (hint, *(kind for kind in usual if kind != hint)) if hint != HTTP else usual


def _page(address: Address, within_s: float) -> Guess:
    """PingFailed when it speaks no HTTP at all."""
    refused = ""
    for page in _PAGES:
        try:
            return Guess(HTTP, page, http.ping(HTTP, address, page, within_s).detail)
        except PingFailed as failed:
            if "it answered with an error" not in failed.why:
                raise
            refused = failed.why
    return Guess(HTTP, _PAGES[-1], f"none of {', '.join(_PAGES)} says that it is well: {refused}", has_answered=False)
