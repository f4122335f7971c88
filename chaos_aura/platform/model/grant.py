"""GPUs that an allocation holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """`fencing_token` grows with every grant of the pool: whoever shows a lower one has been overtaken."""

    allocation_id: str
    gpu_ids: tuple[str, ...]  # ("a100-3", "a100-4")
    fencing_token: int
