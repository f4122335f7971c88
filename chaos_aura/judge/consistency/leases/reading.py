"""The story of leases read from a history, quickly: what is unusual is left to the careful reader."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.judge.consistency.jepsen import notes
from chaos_aura.judge.consistency.leases.rows import NotPlain, Rows
from chaos_aura.judge.consistency.leases.story import NEVER, Hold, Returned, Saw, Story, Unsure
from chaos_aura.judge.consistency.models.lease_call import ACQUIRE, BUSY, NO_CAPACITY, READ, RELEASE


def read_story(blocks: Iterable[bytes]) -> Story:
    """NotPlain when somebody holds twice, or a line is not what it should be."""
    reading = _Reading(Story())
    try:
        reading.go_through(blocks)
        reading.conclude()
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise NotPlain(repr(cause)) from cause
    return reading.story


@dataclass
class _Reading:
    """`_loose`: releases that succeeded before anybody knew that there was something to give back."""

    story: Story
    _loose: list[Returned] = field(default_factory=list)

    def go_through(self, blocks: Iterable[bytes]) -> None:
        """The hot loop: a line has a microsecond."""
        under_way: dict[int, tuple[int, dict[str, Any]]] = {}
        at, last_ns, skipped, acquired, ended = 0, -1, 0, self._acquired, self._ended
        all_rows = Rows(blocks)
        for some in all_rows:
            for row in some:
                at += 1
                if row is None or type(process := row["process"]) is not int:
                    skipped += row is not None
                    continue
                time_ns = row.get("time", last_ns)
                if time_ns < last_ns:
                    raise NotPlain("not in the order of time")
                last_ns = time_ns
                what = row["type"]
                if what == "invoke":
                    if process in under_way:
                        raise NotPlain("two at once")
                    under_way[process] = (at, row)
                    continue
                asked, began = under_way.pop(process)
                if began["f"] != row["f"] or ("time" in began) != ("time" in row):
                    raise NotPlain("ends another")
                if what == "ok" and row["f"] == ACQUIRE:
                    acquired(asked, began, at, row)
                else:
                    ended(what, asked, began, at, row)
        for asked, began in under_way.values():
            self._ended("info", asked, began, at, began)
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
        self.story.operations += 1
        wanted, got, key = began["value"], row.get("value"), began.get("key")
        if type(wanted) is not dict:
            wanted = {"owner": wanted}
        if type(got) is not dict:
            got = {}
        owner = got.get("owner") or wanted.get("owner")
        keys = (key,) if key is not None else tuple(got.get("keys") or wanted["keys"])
        if (
            type(owner) is not str
            or owner in self.story.holds
            or owner in self.story.unsure
            or type(keys[0]) is not str
        ):
            raise NotPlain("an owner that holds twice, or has no name")
        hold = self.story.holds[owner] = Hold(owner, keys, asked, at)
        hold.kind = got.get("kind") or wanted.get("kind", "")
        hold.token = got.get("token")
        hold.had_ns = row.get("time", 0)
        if "expires" in got or "ttl" in wanted:
            hold.expires_ns = got.get("expires") or began["time"] + wanted["ttl"]
            if hold.expires_ns <= hold.had_ns:
                self.story.doubtful.add(owner)

    def _ended(self, what: str, asked: int, began: dict[str, Any], at: int, row: dict[str, Any]) -> None:
        self.story.operations += 1
        f, value = began["f"], began.get("value")
        if f == READ:
            if what == "ok":
                self._read_holder(asked, began, at, row.get("value"))
            return
        if f not in (ACQUIRE, RELEASE) or what not in ("ok", "fail", "info"):
            raise NotPlain("another operation")
        told: dict[str, Any] = value if type(value) is dict else {"owner": value}
        owner = told["owner"]
        if type(owner) is not str:
            raise NotPlain("an owner without a name")
        if f == RELEASE:
            if what != "fail":
                self._released(owner, told, asked, at if what == "ok" else NEVER)
            return
        key = began.get("key")
        keys = (key,) if key is not None else tuple(told.get("keys", ()))
        count = max(told.get("count", 0), len(keys))
        if what == "info":
            if owner in self.story.holds or owner in self.story.unsure:
                raise NotPlain("an owner that may hold twice")
            self.story.unsure[owner] = Unsure(owner, asked, keys, told.get("kind", ""), count)
        elif (why := row.get("error")) in (BUSY, NO_CAPACITY):
            self.story.saw.append(Saw(why, asked, at, owner, keys, told.get("kind", ""), count))

    def _released(self, owner: str, told: dict[str, Any], asked: int, at: int) -> None:
        hold = self.story.holds.get(owner)
        if "keys" in told or (hold and "token" in told and told["token"] != hold.token):
            raise NotPlain("only a part of it, or under another token")
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
