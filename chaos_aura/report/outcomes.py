"""What each outcome of a run means, and what to do next."""

from typing import NamedTuple

from chaos_aura.core.verdict import Verdict


class Meaning(NamedTuple):
    sentence: str
    next_step: str = ""


MEANINGS = {
    "passed": Meaning(
        "the fault was proven in force and proven gone, and all that was asked for was measured and good"
    ),
    "failed": Meaning(
        "it was measured, and it was not good enough",
        "look at what the services wrote meanwhile, in logs/ of the report's folder",
    ),
    "baseline not met": Meaning(
        "the system was not well before anything was hurt, so no fault was injected", "see: chaos-aura status"
    ),
    "fault not injected": Meaning(
        "the fault was never proven in force, so this says nothing about the system",
        "see what is possible here: chaos-aura faults, chaos-aura doctor",
    ),
    "fault not held": Meaning(
        "the fault ended before its time, so the system was not tested as it should have been",
        "look in timeline.jsonl of the report's folder for what ended it, then run it again",
    ),
    "fault not healed": Meaning(
        "it could not be proven that the fault is gone: it may hurt the system still",
        "run: chaos-aura heal --all, then see: chaos-aura leases",
    ),
    "inconclusive": Meaning(
        "something that decides was not measured well enough, and what nobody knows is no pass",
        "run it again, with less beside it if the machine was noisy",
    ),
    "interrupted": Meaning(
        "it was ended before it could be judged", "see that no fault is left: chaos-aura leases; then run it again"
    ),
    "dry": Meaning("nothing was touched; below is what would be", "run it without --dry"),
}

REFUSED = Meaning(
    "the run was refused before any fault was tried, so this says nothing about the system",
    "do what the reason says, then run it again",
)
REFUSED_DRY = Meaning(
    "nothing was touched, and something is to be mended before a run",
    "do what the reasons say, then run it with --dry again",
)
UNHURT = Meaning("no fault was injected; all that was asked for was measured and good")
_WITHOUT_FAULTS = {"passed": UNHURT, "fault not injected": REFUSED}
_OF_VERDICTS = {
    Verdict.PASS: Meaning("all that was asked for was measured and good"),
    Verdict.FAIL: MEANINGS["failed"],
    Verdict.UNKNOWN: MEANINGS["inconclusive"],
}


def meaning_of(outcome: str, verdict: Verdict, *, has_faults: bool = True, reasons: int = 1) -> Meaning:
    """Of an outcome that this version does not know, only what its verdict means. A dry run has one reason where it
    has met nothing: that it proves nothing.
    """
    if not has_faults and outcome in _WITHOUT_FAULTS:
        return _WITHOUT_FAULTS[outcome]
    if outcome == "dry" and reasons > 1:
        return REFUSED_DRY
    return MEANINGS.get(outcome, _OF_VERDICTS[verdict])


def verdict_of(word: str) -> Verdict:
    """What is none is no pass."""
    return Verdict(word) if word in set(Verdict) else Verdict.UNKNOWN
