"""`python -m injectors.kafka_events.skip ADDRESS LEASE PARTITION:OFFSET...`: what a person types when a lease of bad
events never ends, because a group that nobody reads for any more has not passed them.

Each such group is put behind the last of them, past what good events lie before it. One that somebody reads for passes
them by itself, and the platform's own, whose good events count, when it is started.
"""

import sys
from collections.abc import Mapping

from injectors.kafka_events import client
from injectors.kafka_events.poison import GROUP, TOPIC
from injectors.kafka_events.search import Search, last
from injectors.kafka_events.waiting import behind

_NEVER = sys.maxsize  # how many there are nobody says: the whole topic is read


def main() -> int:
    address, lease, *starts = sys.argv[1:]
    pairs = (start.split(":") for start in starts)
    ends = last(_found(address, Search(lease, {int(partition): int(at) for partition, at in pairs}, _NEVER)))
    left = [_skipped(address, group, ends) for group in behind(ends, client.committed(address, TOPIC, GROUP))]
    for told, _ in left:
        print(told)  # noqa: T201 - a program of its own
    print(f"then: chaos-aura heal {lease}")  # noqa: T201
    return 0 if all(is_past for _, is_past in left) else 1


def _found(address: str, search: Search) -> dict[int, list[int]]:
    """However long that takes: whoever waits can end it."""
    while True:
        try:
            return search.look(address)
        except client.ReadsTooLong:
            continue


def _skipped(address: str, group: str, ends: Mapping[int, int]) -> tuple[str, bool]:
    if group == GROUP:
        return f"group {group} is left: it passes them by itself, when the projection runs; run: chaos-aura up", False
    if client.has_members(address, group):
        return f"group {group} is left: somebody reads for it; look why it does not go on, or end them first", False
    client.put_behind(address, TOPIC, group, ends)
    return f"group {group} is past them", True


if __name__ == "__main__":
    sys.exit(main())
