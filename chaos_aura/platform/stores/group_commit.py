"""Group commit: while one batch is on its way the next one forms, so that many writers cost few transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_MOST_AT_ONCE = 128
_AFTER_A_FAILURE = 8


@dataclass(frozen=True, slots=True)
class _Waiting[Row]:
    row: Row
    done: asyncio.Future[None]


class GroupCommit[Row]:
    """`send` writes a batch as one: all of it or nothing. It must end by itself, for a batch has no caller to give up.

    A caller that is cancelled leaves its row out of the batch, if that has not gone off yet. A batch that failed
    with an error for which `may_be_one_rows` holds is halved and sent again, until the bad row fails alone.
    After any other failure batches begin small and double: a store that has just come back is slow, and one batch of
    all that has waited would take longer than its callers may.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Row]], Awaitable[None]],
        *,
        may_be_one_rows: Callable[[Exception], bool],
        most_at_once: int = _MOST_AT_ONCE,
    ) -> None:
        self._send = send
        self._may_be_one_rows = may_be_one_rows
        self._most_at_once = most_at_once
        self._most_now = most_at_once
        self._waiting: list[_Waiting[Row]] = []
        self._sender: asyncio.Task[None] | None = None

    async def write(self, row: Row) -> None:
        """Returns once the row is written; raises what its batch failed with."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(row, done))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        await done

    async def close(self) -> None:
        """Whoever still waits fails with ConnectionAbortedError."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait([self._sender])

    async def _send_all(self) -> None:
        batch: list[_Waiting[Row]] = []
        try:
            while batch := self._next_batch():
                await self._settle(batch)
        finally:
            self._sender = None
            _settle_each((*batch, *self._waiting), ConnectionAbortedError("closed while a write was waiting"))
            self._waiting.clear()

    def _next_batch(self) -> list[_Waiting[Row]]:
        wanted = [each for each in self._waiting if not each.done.done()]
        batch, self._waiting = wanted[: self._most_now], wanted[self._most_now :]
        return batch

    async def _settle(self, batch: list[_Waiting[Row]]) -> None:
        try:
            await self._send([each.row for each in batch])
        except Exception as cause:  # noqa: BLE001 - a border: each caller gets what its own row failed with
            if len(batch) > 1 and self._may_be_one_rows(cause):
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
            else:
                if not self._may_be_one_rows(cause):
                    self._most_now = min(_AFTER_A_FAILURE, self._most_at_once)
                _settle_each(batch, cause)
        else:
            self._most_now = min(2 * self._most_now, self._most_at_once)
            _settle_each(batch, None)


def _settle_each[Row](batch: Sequence[_Waiting[Row]], cause: Exception | None) -> None:
    for each in batch:
        if each.done.done():
            continue
        if cause is None:
            each.done.set_result(None)
        else:
            each.done.set_exception(cause)
