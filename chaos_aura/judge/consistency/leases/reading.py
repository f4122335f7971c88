"""The story of leases read from a history, quickly: what is unusual is left to the careful reader."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.judge.consistency.jepsen import notes
from chaos_aura.judge.consistency.leases.rows import BLANK, NotPlain, Rows
from chaos_aura.judge.consistency.leases.story import NEVER, Hold, Returned, Saw, Story, Unsure
from chaos_aura.judge.consistency.models.lease_call import ACQUIRE, BUSY, MOST, NO_CAPACITY, READ, RELEASE, is_partial


def read_story(blocks: Iterable[bytes]) -> Story:
    """NotPlain when somebody holds twice, or a line is not what it should be."""
    reading = _Reading(Story())
    try:
        reading.go_through(blocks)
        reading.conclude()
    except (LookupError, TypeError, AttributeError, ValueError) as cause:
        raise NotPlain(repr(cause)) from cause
    return reading.story


_ENDS = frozenset(("ok", "fail", "info"))
_UNSEEN, _WITHOUT = -1, -2  # instead of a time: nobody has told one yet; nobody does


@dataclass
class _Reading:
    """`_loose`: releases that succeeded before anybody knew that there was something to give back.

    `_may_be_back`: whose release may have.
    """

    story: Story
    _loose: list[Returned] = field(default_factory=list)
    _may_be_back: set[str] = field(default_factory=set)

    def go_through(self, blocks: Iterable[bytes]) -> None:  # noqa: C901 - calls would cost more than the work
        """The hot loop: a line has a microsecond."""
        under_way: dict[int, tuple[int, dict[str, Any]]] = {}
        at, last_ns, skipped = 0, _UNSEEN, 0
        take, acquired, returned, ended = under_way.pop, self._acquired, self._returned, self._ended
        all_rows = Rows(blocks)
        for some in all_rows:
            last_ns = _in_order(some, last_ns)
            for row in some:
                at += 1
                if row is BLANK:
                    continue
                if type(process := row["process"]) is not int:
                    if type(process) is not str:
                        raise NotPlain("neither a number nor a name")
                    skipped += 1
                    continue
                what = row["type"]
                if what == "invoke":
                    if process in under_way:
                        raise NotPlain("two at once")
                    under_way[process] = (at, row)
                    continue
                asked, began = take(process)
                f = row["f"]
                if began["f"] != f:
                    raise NotPlain("ends another")
                if what != "ok":
                    ended(what, asked, began, at, row)
                elif f == ACQUIRE:
                    acquired(asked, began, at, row)
                elif not (f == RELEASE and returned(asked, began, at, row)):
                    ended(what, asked, began, at, row)
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
        story.doubtful |= self._may_be_back & story.holds.keys()
        for owner in story.doubtful & story.holds.keys():
            hold = story.holds.pop(owner)
            story.unsure[owner] = Unsure(owner, hold.asked, hold.keys, hold.kind, len(hold.keys))

    def _acquired(self, asked: int, began: dict[str, Any], at: int, row: dict[str, Any]) -> None:  # noqa: C901 - as above
        wanted, got = began["value"], row.get("value")
        if type(wanted) is not dict:
            wanted = {"owner": wanted}
        if type(got) is not dict:
            got = {}
        named = [began["key"]] if "key" in began else got["keys"] if "keys" in got else wanted["keys"]
        if type(named) is not list or row.get("key", named[0] if "key" in began else None) != began.get("key"):
            raise NotPlain("another key, or none")
        keys = tuple(named)
        if type(keys[0]) is not str or (len(keys) > 1 and not _are_names(keys)):
            raise NotPlain("a thing without a name, or twice")
        owner, story = wanted["owner"], self.story
        if type(owner) is not str or not owner or owner in story.holds or owner in story.unsure:
            raise NotPlain("an owner that holds twice, or has no name")
        story.operations += 1
        story.holds[owner] = hold = Hold(owner, keys, asked, at)
        if "keys" in wanted or wanted.get("count", 1) != len(keys):
            self._compare(wanted, hold)
        if "token" in got:
            if type(got["token"]) is not int:
                raise NotPlain("a token that is no number")
            hold.token = got["token"]
        if "kind" in wanted:
            if type(wanted["kind"]) is not str:
                raise NotPlain("a kind without a name")
            hold.kind = wanted["kind"]
        if "time" in row:
            hold.had_ns = row["time"]
        if "expires" in got or "ttl" in wanted:
            self._expires(hold, got["expires"] if "expires" in got else began["time"] + wanted["ttl"])

    def _compare(self, wanted: dict[str, Any], hold: Hold) -> None:
        if type(wanted.get("count", 0)) is not int or type(wanted.get("keys", [])) is not list:
            raise NotPlain("no number, or no names")
        if is_partial(wanted, hold.keys):
            self.story.partial.append(hold)

    def _expires(self, hold: Hold, at_ns: int) -> None:
        if type(at_ns) is not int or not hold.had_ns:
            raise NotPlain("expires, and nobody knows when")
        hold.expires_ns = at_ns
        if at_ns <= hold.had_ns:
            self.story.doubtful.add(hold.owner)

    def _returned(self, asked: int, began: dict[str, Any], at: int, row: dict[str, Any]) -> bool:
        """Whether it was the usual: an owner, and nothing else, gives back what he knows that he has."""
        told = began["value"]
        if type(told) is not dict or len(told) > 1 or "key" in began or "key" in row:
            return False
        hold = self.story.holds.get(told["owner"])
        if hold is None or hold.had > asked or hold.ended != NEVER:
            return False
        self.story.operations += 1
        hold.ends, hold.ended = asked, at
        return True

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
        if type(owner) is not str or not owner or type(told.get("kind", "")) is not str:
            raise NotPlain("an owner or a kind without a name")
        if f == RELEASE:
            if what != "fail":
                if key is not None or "keys" in told:
                    raise NotPlain("only a part of it")
                self._released(owner, told.get("token"), asked, at if what == "ok" else NEVER)
        elif f == ACQUIRE:
            keys = tuple(told.get("keys", ())) if key is None else (key,)
            if not _are_names(keys) or not 0 <= told.get("count", 0) <= MOST:
                raise NotPlain("a thing without a name, or twice; or too many")
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
        if hold is None and at == NEVER:
            self._may_be_back.add(owner)
        elif hold is None:
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


def _are_names(keys: tuple[Any, ...]) -> bool:
    return all(type(each) is str and each for each in keys) and len({*keys}) == len(keys)


def _in_order(some: list[Any], last_ns: int) -> int:
    """The last time. All lines have one, or none has."""
    told = [row for row in some if row is not BLANK]
    times = [row["time"] for row in told if "time" in row]
    if not times:
        if told and last_ns >= 0:
            raise NotPlain("not all have a time")
        return _WITHOUT if told else last_ns
    if (
        len(times) != len(told)
        or last_ns == _WITHOUT
        or times[0] < last_ns
        or times != sorted(times)
        or {*map(type, times)} != {int}
    ):
        raise NotPlain("not all have a time, or not in its order")
    return int(times[-1])
