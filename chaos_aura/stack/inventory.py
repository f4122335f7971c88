"""How many GPUs the platform has, where $CHAOS_AURA_INVENTORY says so: `t4=20,v100=10`."""

from collections.abc import Mapping

from chaos_aura.core.errors import BadInput

VARIABLE = "CHAOS_AURA_INVENTORY"
GPU_TYPES = ("t4", "v100", "a100", "h100")
_MOST = 1_000_000
_SHOWN = 20
_REMEDY = f"name some of {', '.join(GPU_TYPES)} with a number, such as t4=20,v100=10, or unset it"


def inventory_in(environ: Mapping[str, str]) -> dict[str, int]:
    """Empty when nothing is said: then the platform has its own. A type that is not named has none."""
    said = environ.get(VARIABLE, "").strip()
    if not said:
        return {}
    inventory: dict[str, int] = {}
    for part in said.split(","):
        name, count = _read(part.strip())
        if name in inventory:
            raise BadInput(VARIABLE, f"names {name} twice", _REMEDY)
        inventory[name] = count
    if not any(inventory.values()):
        raise BadInput(VARIABLE, "leaves the platform without a GPU", _REMEDY)
    return inventory


def _read(part: str) -> tuple[str, int]:
    name, equals, count = (piece.strip() for piece in part.partition("="))
    if not equals:
        raise BadInput(VARIABLE, f"{part!r} is not TYPE=NUMBER", _REMEDY)
    if name not in GPU_TYPES:
        raise BadInput(VARIABLE, f"knows no GPU type {name!r}", _REMEDY)
    if not (count.isascii() and count.isdigit() and len(count) < len(str(_MOST * 10)) and int(count) <= _MOST):
        raise BadInput(VARIABLE, f"{name} is {count[:_SHOWN]!r}, not a whole number up to {_MOST}", _REMEDY)
    return name, int(count)
