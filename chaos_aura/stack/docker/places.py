"""Where things lie inside a container of the stack."""

from pathlib import Path

ROOT = Path("/srv")  # its project: a volume of its own, beside what the host shares with it
TOLD = ROOT / "told"  # clocks and flags, which the host writes
CACHE = Path("/opt/chaos-aura/cache")  # as the image was built
MARK = "docker"  # in the stack's folder on this machine: there may be containers and volumes of it
WRITTEN = ("logs", "spans", "events")  # in the stack's folder, shared with this machine: what containers write there
