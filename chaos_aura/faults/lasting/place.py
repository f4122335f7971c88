"""What a helper is known by, and the names of its files. Helpers import it too: nothing that takes time to import."""

RUN = "faults/lasting/run.py"
RUN_AT, MARK_AT = 3, 4  # python -I -S RUN MARK ...
ENDED = "ended"
HELPERS = "helpers"


def mark(lease_id: str) -> str:
    """The argument by which everybody finds the helpers of a lease."""
    return f"chaos-aura-lease={lease_id}"


def tombstone(folder: str, lease_id: str) -> str:
    """While it lies there, no helper of that lease stays."""
    return f"{folder}/{ENDED}/{lease_id}"


def report(folder: str, lease_id: str) -> str:
    return f"{folder}/{HELPERS}/{lease_id}.report"


def log(folder: str, lease_id: str) -> str:
    return f"{folder}/{HELPERS}/{lease_id}.log"
