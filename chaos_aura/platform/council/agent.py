"""One agent: weights in, votes out, each with what moved it most."""

import math
from pathlib import Path

from chaos_aura.platform.council.features import Observation
from chaos_aura.platform.council.groups import GROUPS, PHRASES
from chaos_aura.platform.council.inference import Inference, Judgement
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.weight_file import path_of, read_weights
from chaos_aura.platform.model import Vote

# Groups that move the logit by less than this are not worth a word.
_NOTICEABLE = 0.1
_WORDS = 2


class NoFiniteVote(ValueError):
    """Numbers went in that no valid request and no sound window has."""


class Agent:
    """BadWeights when its weights cannot be used. Its only state is its weights: safe in any thread."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._inference = Inference(read_weights(path_of(name, folder)), GROUPS)

    def vote(self, situation: Situation, seen: Observation) -> Vote:
        judgement = self._inference.judged(seen)
        if not math.isfinite(judgement.logit):
            raise NoFiniteVote(f"{self.name} came to {judgement.logit}")
        confidence = 0.5 * (1 + math.tanh(0.5 * abs(judgement.logit)))
        return Vote(self.name, judgement.logit > 0, round(confidence, 4), _reasoning(judgement, situation))


def _reasoning(judgement: Judgement, situation: Situation) -> str:
    """Sample: "refuses, moved most by: 4 of 4 free h100 leave 0 of 4; 72 h asked"."""
    approves = judgement.logit > 0
    moved = {name: by if approves else -by for name, by in judgement.counted.items()}
    first = sorted(moved, key=moved.__getitem__, reverse=True)[:_WORDS]
    told = [PHRASES[name](situation) for name in first if moved[name] > _NOTICEABLE]
    if told:
        return f"{'approves' if approves else 'refuses'}, moved most by: {'; '.join(told)}"
    shown = "; ".join(PHRASES[name](situation) for name in ("size", "price", "hours"))
    return f"{'approves' if approves else 'refuses'}, nothing stands out: {shown}"
