"""Messages of one partition, read: what can be read as effects, the rest with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos_aura.platform.events.codec import Unreadable, from_bytes
from chaos_aura.platform.projection.effects import Effect, effect_of
from chaos_aura.platform.projection.reader import Record


@dataclass(frozen=True, slots=True)
class Batch:
    partition: int
    first: int
    next: int
    effects: tuple[Effect, ...]
    unreadable: tuple[tuple[Record, Unreadable], ...]


def read_batch(partition: int, records: Sequence[Record]) -> Batch:
    effects, unreadable = [], []
    for record in records:
        try:
            effects.append(effect_of(from_bytes(record.value)))
        except Unreadable as why:
            unreadable.append((record, why))
    return Batch(partition, records[0].offset, records[-1].offset + 1, tuple(effects), tuple(unreadable))
