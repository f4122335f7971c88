"""Tenants' context windows as they lie in Redis: which there are, and what each holds.

    context:TENANT          sorted set: a marker `window LIFE` that is lowest, then the last decisions by time
    context-pending:TENANT  what was remembered lately: never touched, but looked at

Whatever else the platform keeps in Redis, usage above all, has no second copy, and is never read nor written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos_aura.core.errors import TargetUnfit
from injectors.bytes_as_text import as_bytes, as_text
from injectors.redis_store import scripts

if TYPE_CHECKING:
    from injectors.redis_store.client import Client

PREFIX = "context:"
PENDING_PREFIX = "context-pending:"
PENDING_TTL_MS = 600_000
MARKER = b"window "
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Window:
    """`flat` is member, score, member, score, as Redis tells them; `expires_at_ms` since 1970, 0 for never."""

    key: str
    flat: tuple[bytes, ...]
    expires_at_ms: int

    @property
    def newest(self) -> tuple[bytes, bytes]:
        """The last decision, and when it was made."""
        return self.flat[-2], self.flat[-1]

    @property
    def pending_key(self) -> str:
        return PENDING_PREFIX + self.key.removeprefix(PREFIX)

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "flat": [as_text(each) for each in self.flat], "expires_at_ms": self.expires_at_ms}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Window":
        return cls(str(row["key"]), tuple(as_bytes(each) for each in row["flat"]), int(row["expires_at_ms"]))


def chosen(client: "Client", tenant: str, count: int) -> list[Window]:
    """Those whose last decision is newest, or the one of that tenant. TargetUnfit when there is none."""
    keys = client.keys(f"{PREFIX}*") if tenant == ANYBODY else [PREFIX + tenant]
    scored = zip(keys, client.last_scores(keys), strict=True)
    newest = sorted(((score, key) for key, score in scored if score is not None), reverse=True)[:count]
    windows = _read(client, [key for _, key in newest])
    if not windows:
        whose = "" if tenant == ANYBODY else f" of tenant {tenant!r}"
        raise TargetUnfit("redis", f"no context window{whose} is cached", "drive some allocations first")
    return windows


def _read(client: "Client", keys: Sequence[str]) -> list[Window]:
    told = client.each(scripts.READ, [([key], []) for key in keys])
    found = [Window(key, tuple(each[0]), int(each[1])) for key, each in zip(keys, told, strict=True) if each]
    return [window for window in found if _holds_decisions(window)]


def _holds_decisions(window: Window) -> bool:
    """Beside its marker. What bears none was not written by the platform."""
    return len(window.flat) > len(("marker", "score")) and window.flat[0].startswith(MARKER)
