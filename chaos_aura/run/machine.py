"""What a run was made on, for whoever compares two of them."""

import os
import platform
import shutil
from pathlib import Path
from typing import Any

_MEMORY = Path("/proc/meminfo")
_KB_IN_MB = 1024
_BYTES_IN_MB = 1e6


def machine() -> dict[str, Any]:
    """`{"cpus": 2, "memory_mb": 24000, "kernel": "Linux 6.1.0", "python": "3.12.1"}`"""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mb": round(_memory_mb("MemTotal")),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def free_memory_mb() -> float:
    return _memory_mb("MemAvailable")


def free_disk_mb(folder: Path) -> float:
    return shutil.disk_usage(folder).free / _BYTES_IN_MB


def _memory_mb(name: str) -> float:
    for line in _MEMORY.read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / _KB_IN_MB
    return 0.0
