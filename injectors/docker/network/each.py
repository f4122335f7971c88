"""Something done in one container after the other, where one failure never stops the rest."""

from collections.abc import Callable, Iterable, Sequence

from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Proof


def each_healed[S](things: Iterable[S], heal: Callable[[S], None], name: Callable[[S], str], by_hand: str) -> None:
    """TargetUnfit names all that failed."""
    failed: list[tuple[str, ChaosAuraError]] = []
    for thing in things:
        try:
            heal(thing)
        except ChaosAuraError as cause:
            failed.append((name(thing), cause))
    if failed:
        names = ", ".join(each for each, _ in failed)
        where = f"container{'s' if len(failed) > 1 else ''} {names}"
        first = failed[0][1]
        raise TargetUnfit(where, f"not healed: {first.where}: {first.why}", f"run: {by_hand}") from first


def all_hold(names: Sequence[str], proofs: Sequence[Proof]) -> Proof:
    """What does not hold is said first."""
    told = sorted(zip(names, proofs, strict=True), key=lambda row: row[1].holds)
    facts = {name: {"seen": proof.seen, **proof.facts} for name, proof in told}
    return Proof(all(proofs), "; ".join(f"{name}: {proof.seen}" for name, proof in told), facts)
