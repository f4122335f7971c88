"""`python -m chaos_aura.platform.council.train [--check]`: trains the agents and writes, or compares, their weights."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.cell import Parameters
from chaos_aura.platform.council.lessons import Lessons, lessons
from chaos_aura.platform.council.training import Plan, accuracy, fitted
from chaos_aura.platform.council.weight_file import FOLDER, path_of, write_weights


def train(folder: Path, plan: Plan, tell: Callable[[str], None]) -> None:
    """Writes the weights of each agent into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    learned, held_out = lessons(plan.seed, plan.lessons), lessons(plan.held_out_seed, plan.held_out)
    tell(f"{len(learned)} lessons, {len(held_out)} held out")
    for agent in teacher.CONCERNS:
        started_s = time.monotonic()
        parameters = fitted(learned, agent, plan)
        write_weights(path_of(agent, folder), parameters)
        tell(f"{agent}: {_told(parameters, held_out, agent)} ({time.monotonic() - started_s:.1f} s)")


def check(folder: Path, plan: Plan, tell: Callable[[str], None]) -> bool:
    """Trains again, elsewhere; true when the weights in the folder are what comes out."""
    with tempfile.TemporaryDirectory() as scratch:
        train(Path(scratch), plan, tell)
        same = [
            _is_reproduced(path_of(agent, folder), path_of(agent, Path(scratch)), tell) for agent in teacher.CONCERNS
        ]
    return all(same)


def _is_reproduced(kept: Path, again: Path, tell: Callable[[str], None]) -> bool:
    if not kept.is_file():
        tell(f"{kept.name}: is not there")
        return False
    same = kept.read_bytes() == again.read_bytes()
    tell(f"{kept.name}: {'the same bytes' if same else 'other bytes than training gives'}")
    return same


def _told(parameters: Parameters, held_out: Lessons, agent: str) -> str:
    right = accuracy(parameters, held_out, agent)
    approvals = float(np.mean(held_out.certainties[agent] > teacher.LIMIT))
    return f"{right:.2%} of the held-out set right, of which {approvals:.0%} are approvals"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the weights that are there, write nothing")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the weights are")
    asked = parser.parse_args(arguments)
    if asked.check:
        return 0 if check(asked.folder, Plan(), _say) else 1
    train(asked.folder, Plan(), _say)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
