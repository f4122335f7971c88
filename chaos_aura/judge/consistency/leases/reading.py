"""The story of leases read from a history, quickly: what is unusual is left to the careful reader."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.judge.consistency.jepsen import notes
from chaos_aura.judge.consistency.leases.rows import NotPlain, Rows
from chaos_aura.judge.consistency.leases.story import NEVER, Hold, Returned, Saw, Story, Unsure
from chaos_aura.judge.consistency.models.lease_call import ACQUIRE, BUSY, NO_CAPACITY, READ, RELEASE, is_partial


def read_story(blocks: Iterable[bytes]) -> Story:
    """NotPlain when somebody holds twice, or a line is not what it should be."""
    reading = _Reading(Story())
    try:
        reading.go_through(blocks)
        reading.conclude()
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise NotPlain(repr(cause)) from cause
    return reading.story


_ENDS = frozenset(("ok", "fail", "info"))
_WITHOUT = -2


@dataclass
class _Reading:
    """`_loose`: releases that succeeded before anybody knew that there was something to give back."""

    story: Story
    _loose: list[Returned] = field(default_factory=list)

    def go_through(self, blocks: Iterable[bytes]) -> None:  # noqa: C901, PLR0912 - calls would cost more than the work
        """The hot loop: a line has a microsecond."""
        under_way: dict[int, tuple[int, dict[str, Any]]] = {}
        at, last_ns, skipped, take, acquired, ended = 0, -1, 0, under_way.pop, self._acquired, self._ended
        all_rows = Rows(blocks)
        for some in all_rows:
            for row in some:
                at += 1
                if row is None or type(process := row["process"]) is not int:
                    skipped += row is not None
                    continue
                if "time" in row:
                    if row["time"] < last_ns or last_ns == _WITHOUT:
                        raise NotPlain("not in the order of time")
                    last_ns = row["time"]
                elif last_ns >= 0:
                    raise NotPlain("not all have a time")
                else:
                    last_ns = _WITHOUT
                if row["type"] == "invoke":
                    if process in under_way:
                        raise NotPlain("two at once")
                    under_way[process] = (at, row)
                    continue
                asked, began = take(process)
                f = row["f"]
                if began["f"] != f:
                    raise NotPlain("ends another")
                if row["type"] == "ok" and f == ACQUIRE:
                    acquired(asked, began, at, row)
                else:
                    ended(row["type"], asked, began, at, row)
        for asked, began in under_way.values():
            self._ended("info", asked, began, at, {**began, "type": "info"})
        self.story.notes = tuple(notes(all_rows.is_torn, skipped))

    def conclude(self) -> None:
        story = self.story
        for each in self._loose:
            if self._was_asked_before(each):
                story.doubtful.add(each.owner)
            else:
                story.returned_by_nobody.append(each)
        for owner in story.doubtful & story.holds.keys():
            hold = story.holds.pop(owner)
            story.unsure[owner] = Unsure(owner, hold.asked, hold.keys, hold.kind, len(hold.keys))

    def _acquired(self, asked: int, began: dict[str, Any], at: int, row: dict[str, Any]) -> None:
        story = self.story
        story.operations += 1
        wanted, got, key = began["value"], row.get("value"), began.get("key")
        if type(wanted) is not dict:
            wanted = {"owner": wanted}
        if type(got) is not dict:
            got = {}
        owner = got.get("owner") or wanted["owner"]
        keys = tuple(got.get("keys") or wanted["keys"]) if key is None else (key,)
        if type(owner) is not str or owner in story.holds or owner in story.unsure or type(keys[0]) is not str:
            raise NotPlain("an owner that holds twice, or has no name")
        if row.get("key", key) != key:
            raise NotPlain("two keys")
        token, now_ns = got.get("token"), row.get("time", 0)
        hold = Hold(owner, keys, asked, at, got.get("kind") or wanted.get("kind", ""), token, now_ns)
        story.holds[owner] = hold
        if is_partial(wanted, keys):
            story.partial.append(hold)
        if "expires" in got or "ttl" in wanted:
            hold.expires_ns = got.get("expires") or began["time"] + wanted["ttl"]
            if hold.expires_ns <= now_ns:
                story.doubtful.add(owner)

    def _ended(self, what: str, asked: int, began: dict[str, Any], at: int, row: dict[str, Any]) -> None:
        f, value, key = began["f"], began.get("value"), began.get("key")
        if what not in _ENDS or row.get("key", key) != key:
            raise NotPlain("no end, or another's")
        self.story.operations += 1
        if f == READ:
            if what == "ok":
                self._read_holder(asked, began, at, row.get("value"))
            return
        told: dict[str, Any] = value if type(value) is dict else {"owner": value}
        owner = told["owner"]
        if type(owner) is not str:
            raise NotPlain("an owner without a name")
        if f == RELEASE:
            if what != "fail":
                if key is not None or "keys" in told:
                    raise NotPlain("only a part of it")
                self._released(owner, told.get("token"), asked, at if what == "ok" else NEVER)
        elif f == ACQUIRE:
            keys = tuple(told.get("keys", ())) if key is None else (key,)
            wish = Unsure(owner, asked, keys, told.get("kind", ""), max(told.get("count", 0), len(keys)))
            self._not_acquired(wish, at, row)
        else:
            raise NotPlain("another operation")

    def _not_acquired(self, wish: Unsure, at: int, row: dict[str, Any]) -> None:
        story = self.story
        if row["type"] == "info":
            if wish.owner in story.holds or wish.owner in story.unsure:
                raise NotPlain("an owner that may hold twice")
            story.unsure[wish.owner] = wish
        elif (why := row.get("error")) in (BUSY, NO_CAPACITY):
            story.saw.append(Saw(why, wish.asked, at, wish.owner, wish.keys, wish.kind, wish.many))

    def _released(self, owner: str, token: int | None, asked: int, at: int) -> None:
        hold = self.story.holds.get(owner)
        if hold and token is not None and token != hold.token:
            raise NotPlain("under another token")
        if hold is None:
            if at != NEVER:
                self._loose.append(Returned(owner, asked, at))
        elif hold.had > asked:
            self.story.doubtful.add(owner)
        elif at == NEVER:
            if not hold.was_returned:
                hold.ends = min(hold.ends, asked)
        elif hold.was_returned:
            self.story.returned_again.append((hold, Returned(owner, asked, at)))
        else:
            hold.ends, hold.ended = asked, at

    def _was_asked_before(self, each: Returned) -> bool:
        acquired = self.story.holds.get(each.owner) or self.story.unsure.get(each.owner)
        return acquired is not None and acquired.asked < each.told

    def _read_holder(self, asked: int, began: dict[str, Any], at: int, told: Any) -> None:
        holder = told.get("owner") if type(told) is dict else told
        if type(began["key"]) is not str or type(holder) not in (str, type(None)):
            raise NotPlain("a thing or an owner without a name")
        self.story.saw.append(Saw(READ, asked, at, "", (began["key"],), holder=holder))
