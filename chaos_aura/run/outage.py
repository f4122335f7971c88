"""From the faults of a run to the outage that its recovery is counted from."""

from collections.abc import Collection, Sequence

from chaos_aura.judge.recovery import Outage
from chaos_aura.run.faults import FaultStory


def outage_of(
    stories: Sequence[FaultStory],
    momentary: Collection[str],
    budget_s: float,
    *,
    spike_from_ns: int | None = None,
    calm_from_ns: int = 0,
) -> Outage | None:
    """None when nothing was hurt. The budget begins when the system was left to itself: by a blow that needs no end
    when it came, by what is held when it was gone, by a spike of load when that was over."""
    struck = [story for story in stories if story.in_force_ns is not None]
    asked = [story.asked_ns for story in struck] + ([] if spike_from_ns is None else [spike_from_ns])
    if not asked:
        return None
    in_force = [story.in_force_ns for story in struck if story.in_force_ns is not None]
    left_alone = [_left_alone_ns(story, momentary) for story in struck] + [calm_from_ns]
    return Outage(min(asked), min([*in_force, *([spike_from_ns] if spike_from_ns else [])]), max(left_alone), budget_s)


def counts_from(stories: Sequence[FaultStory], momentary: Collection[str], counts_from_ns: int) -> str:
    """For people: `the fault in force`, `the fault healed`, `the end of the spike`."""
    for story in stories:
        if story.in_force_ns is not None and _left_alone_ns(story, momentary) == counts_from_ns:
            return "the fault in force" if story.lease in momentary else "the fault healed"
    return "the end of the spike"


def _left_alone_ns(story: FaultStory, momentary: Collection[str]) -> int:
    if story.lease in momentary or story.healed_ns is None:
        return story.in_force_ns or 0
    return story.healed_ns
