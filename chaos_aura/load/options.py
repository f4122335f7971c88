"""Options of Locust's own command, for a load without a run."""

import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from locust.env import Environment

from chaos_aura.core.errors import BadInput
from chaos_aura.load.arrivals import Pattern
from chaos_aura.load.plan import PLAN, LoadPlan
from chaos_aura.load.shapes import steady

_AGAIN = "again-"
_FOLDER_VARIABLE = "CHAOS_AURA_LOAD_FOLDER"


def add_options(parser: ArgumentParser) -> None:
    group: Any = parser.add_argument_group("chaos-aura", "GPU allocations, open loop")
    group.add_argument(
        "--load-folder",
        env_var=_FOLDER_VARIABLE,
        default="chaos-aura-load",
        help="histories are written there; its load.json, if there is one, is the plan",
    )
    group.add_argument("--rate", type=float, default=2.0, help="arrivals a second")
    group.add_argument("--lasts", type=float, default=60.0, help="seconds")
    group.add_argument("--hold", type=float, default=1.0, help="seconds for which GPUs are held")
    group.add_argument("--pattern", default=Pattern.CONSTANT.value, choices=[each.value for each in Pattern])
    group.add_argument("--load-seed", type=int, default=1, help="the same one brings the same arrivals")
    group.add_argument("--load-tag", default="", help="what tenants and requests begin with; default: made up")


def folder_of(environment: Environment) -> Path:
    """Of the next load: one that was started again in the same process has a folder within the first one."""
    folder = first = Path(_options(environment).load_folder)
    again = 1
    while list(folder.glob("history-*.jsonl")) and not (again > 1 and not folder.exists()):
        again += 1
        folder = first / f"{_AGAIN}{again}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def plan_of(environment: Environment, folder: Path) -> LoadPlan:
    if (folder / PLAN).exists():
        return LoadPlan.read(folder)
    options = _options(environment)
    if not environment.host:
        raise BadInput("load", "nobody is named to be asked", "give --host http://HOST:PORT, or --load-folder")
    plan = LoadPlan(
        url=environment.host,
        tag=_tag(options.load_tag, folder),
        phases=(steady("load", options.lasts, options.rate),),
        seed=options.load_seed,
        pattern=Pattern(options.pattern),
        hold_s=options.hold,
    )
    plan.write(folder)
    return plan


def _tag(said: str, folder: Path) -> str:
    """A repeated load asks for something new, or it would be given the former answers."""
    if not said:
        return secrets.token_hex(5)
    return f"{said}-{folder.name}" if folder.name.startswith(_AGAIN) else said


def _options(environment: Environment) -> Any:
    return environment.parsed_options
