"""What a store holds of a request, in one word and one sentence."""

from collections.abc import Callable, Mapping
from typing import Any

_MINUTE_S = 60

type _Held = Mapping[str, Any]


def words_of(name: str, store: Mapping[str, Any]) -> tuple[str, str]:
    """Of {"state", "why", "held"}."""
    if store["state"] != "found":
        return store["state"], store["why"]
    word, detail = _WORDS[name](store["held"])
    return word, f"{detail}; {store['why']}" if store["why"] else detail


def _of_temporal(held: _Held) -> tuple[str, str]:
    told = [held["workflow_id"], f"run {held['run_id']}", f"{held['history_events']} events"]
    if allocation := held.get("allocation"):
        told.append(allocation["state"])
    told += [f"{store} not told yet that it is {stage}" for store, stage in (held.get("unwritten") or {}).items()]
    return held["status"], ", ".join(told)


def _of_pool(held: _Held) -> tuple[str, str]:
    return "holds", f"{', '.join(held['gpu_ids'])} for {held['tenant']}, fencing token {held['fencing_token']}"


def _of_neo4j(held: _Held) -> tuple[str, str]:
    allocation = held["allocation"]
    decision = allocation["decision"]
    if not decision:
        return allocation["state"], "not decided"
    told = [f"{decision['outcome']} by {decision['decided_by']}: {decision['detail']}"]
    told += [_vote(vote) for vote in decision["votes"]]
    told += [f"{agent} absent: {why}" for agent, why in decision["absent"].items()]
    return allocation["state"], "; ".join(told)


def _vote(vote: _Held) -> str:
    return f"{vote['agent']} {'yes' if vote['approves'] else 'no'} ({vote['confidence']:.2f})"


def _of_redis(held: _Held) -> tuple[str, str]:
    kept = f"{held['place']} of {held['size']} in the context window of {held['tenant']}"
    return "in window", f"{kept}, which ends in {held['expires_in_s'] / _MINUTE_S:.0f} min"


def _of_kafka(held: _Held) -> tuple[str, str]:
    events = held["events"]
    places = [f"{event['kind'].rpartition('.')[2]} {event['partition']}:{event['offset']}" for event in events]
    return f"{len(events)} event{'s' if len(events) > 1 else ''}", f"{', '.join(places)} (partition:offset)"


_WORDS: Mapping[str, Callable[[_Held], tuple[str, str]]] = {
    "temporal": _of_temporal,
    "pool": _of_pool,
    "neo4j": _of_neo4j,
    "redis": _of_redis,
    "kafka": _of_kafka,
}
