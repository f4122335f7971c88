"""Batches form while one is on its way; a bad row, a lost server and a caller that gives up each hurt no one else."""

import asyncio
from collections.abc import Sequence

import pytest

from chaos_aura.platform.stores.group_commit import GroupCommit


class Store:
    """Keeps what it is sent, holds each batch until it is let through, and refuses bad rows as a server would."""

    def __init__(self, *, bad: frozenset[int] = frozenset(), away: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.kept: list[int] = []
        self.open = asyncio.Event()
        self.away = away
        self._bad = bad

    async def send(self, rows: Sequence[int]) -> None:
        self.batches.append(list(rows))
        await self.open.wait()
        if self.away:
            raise ConnectionResetError("away")
        if self._bad & set(rows):
            raise ValueError(f"bad row in {list(rows)}")
        self.kept += rows

    def commits(self, most_at_once: int = 128) -> GroupCommit[int]:
        return GroupCommit(
            self.send, may_be_one_rows=lambda cause: isinstance(cause, ValueError), most_at_once=most_at_once
        )


async def _asked(commits: GroupCommit[int], rows: Sequence[int]) -> list[asyncio.Task[None]]:
    """All have asked when this returns, and what can be under way is."""
    tasks = [asyncio.create_task(commits.write(row)) for row in rows]
    await _settled()
    return tasks


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_whoever_comes_while_a_batch_is_on_its_way_goes_with_the_next():
    async def run() -> None:
        store = Store()
        commits = store.commits()
        first = await _asked(commits, [1])
        later = await _asked(commits, range(2, 34))
        assert store.batches == [[1]]
        store.open.set()
        await asyncio.gather(*first, *later)
        assert store.batches == [[1], list(range(2, 34))]

    asyncio.run(run())


def test_a_write_returns_only_after_its_own_batch():
    async def run() -> None:
        store = Store()
        (task,) = await _asked(store.commits(), [1])
        assert not task.done()
        store.open.set()
        await task
        assert store.kept == [1]

    asyncio.run(run())


def test_a_batch_has_a_size():
    async def run() -> None:
        store = Store()
        store.open.set()
        await asyncio.gather(*await _asked(store.commits(most_at_once=3), range(8)))
        assert [len(batch) for batch in store.batches] == [3, 3, 2]

    asyncio.run(run())


@pytest.mark.parametrize("bad", [{0}, {7}, {3, 4}, {0, 2, 4, 6}, set(range(8))])
def test_bad_rows_fail_alone(bad: set[int]):
    async def run() -> None:
        store = Store(bad=frozenset(bad))
        store.open.set()
        tasks = await _asked(store.commits(), range(8))
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [row for row, answer in enumerate(told) if isinstance(answer, ValueError)] == sorted(bad)
        assert sorted(store.kept) == [row for row in range(8) if row not in bad]

    asyncio.run(run())


def test_a_store_that_is_away_is_asked_once_for_all():
    async def run() -> None:
        store = Store(away=True)
        store.open.set()
        told = await asyncio.gather(*await _asked(store.commits(), range(8)), return_exceptions=True)
        assert [type(answer) for answer in told] == [ConnectionResetError] * 8
        assert len(store.batches) == 1

    asyncio.run(run())


def test_a_store_that_is_back_is_asked_for_little_first():
    async def run() -> None:
        store = Store(away=True)
        store.open.set()
        commits = store.commits()
        await asyncio.gather(*await _asked(commits, range(100)), return_exceptions=True)
        store.away = False
        await asyncio.gather(*await _asked(commits, range(100)))
        assert [len(batch) for batch in store.batches] == [100, 8, 16, 32, 44]

    asyncio.run(run())


def test_a_bad_row_makes_no_batch_smaller():
    async def run() -> None:
        store = Store(bad=frozenset({100}))
        store.open.set()
        commits = store.commits()
        with pytest.raises(ValueError, match="bad row"):
            await commits.write(100)
        await asyncio.gather(*await _asked(commits, range(100)))
        assert [len(batch) for batch in store.batches] == [1, 100]

    asyncio.run(run())


def test_it_writes_on_after_a_failure():
    async def run() -> None:
        store = Store(bad=frozenset({1}))
        store.open.set()
        commits = store.commits()
        with pytest.raises(ValueError, match="bad row"):
            await commits.write(1)
        await commits.write(2)
        assert store.kept == [2]

    asyncio.run(run())


def test_whoever_gives_up_before_the_batch_goes_off_is_left_out_of_it():
    async def run() -> None:
        store = Store()
        commits = store.commits()
        first = await _asked(commits, [1])
        gave_up, stayed = await _asked(commits, [2, 3])
        gave_up.cancel()
        await _settled()
        store.open.set()
        await asyncio.gather(*first, stayed)
        assert store.batches == [[1], [3]]

    asyncio.run(run())


def test_whoever_gives_up_while_the_batch_is_on_its_way_takes_nobody_along():
    async def run() -> None:
        store = Store()
        gave_up, stayed = await _asked(store.commits(), [1, 2])
        gave_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gave_up
        store.open.set()
        await stayed
        assert store.kept == [1, 2]

    asyncio.run(run())


def test_closed_it_fails_those_who_wait_and_those_on_their_way():
    async def run() -> None:
        store = Store()
        commits = store.commits()
        tasks = [*await _asked(commits, [1]), *await _asked(commits, [2, 3])]
        await commits.close()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in told] == [ConnectionAbortedError] * 3
        assert store.batches == [[1]]

    asyncio.run(run())
