"""What leases are: each case is judged by the search and by the sweep, which must say the same."""

import pytest
from told_histories import content

from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.leases.judging import check_leases
from chaos_aura.judge.consistency.models import Lease

_A = ('1 invoke acquire {"owner":"a","keys":["g-0"]}', '1 ok acquire {"token":1}')
_A_BACK = ('1 invoke release {"owner":"a"}', "1 ok release")
_B = ('2 invoke acquire {"owner":"b","keys":["g-0"]}', '2 ok acquire {"token":2}')
_B_BUSY = ('2 invoke acquire {"owner":"b","keys":["g-0"]}', "2 fail acquire null !busy")
_TWO = ('1 invoke acquire {"owner":"a","keys":["g-0","g-1"]}', "1 ok acquire")
_ANY = '2 invoke acquire {"owner":"b","kind":"g","count":1}'
_A_ANY = ('1 invoke acquire {"owner":"a","kind":"g","count":1}', "1 info acquire")
_B_ONE = '2 invoke acquire {"owner":"b","keys":["g-1"]}'
_LATER = ('3 invoke release {"owner":"a"}', "3 ok release")

_CASES = {
    "in turn": (True, (*_A, *_A_BACK, *_B)),
    "two owners": (False, (*_A, *_B)),
    "the other asked while it was given back": (True, (*_A, _A_BACK[0], *_B, _A_BACK[1])),
    "a release that failed ended nothing": (False, (*_A, _A_BACK[0], "1 fail release null !timeout", *_B)),
    "a release of which nobody knows may have ended it": (True, (*_A, _A_BACK[0], "1 info release", *_B)),
    "it ends once, whoever knows": (False, (*_A, _A_BACK[0], "1 info release", *_B, *_LATER)),
    "a grant of which nobody knows is no owner": (True, (_A[0], "1 info acquire", *_B)),
    "but may be one": (True, (_A[0], "1 info acquire", '2 invoke read@g-0', '2 ok read@g-0 "a"')),
    "once it was given back it had been there": (True, (_A[0], "1 info acquire", *_LATER, *_B)),
    "and then it was there for somebody": (
        False,
        (*_B, _A[0], "1 info acquire", *_LATER, '2 invoke release {"owner":"b"}', "2 ok release"),
    ),
    "busy, as it was": (True, (*_A, *_B_BUSY)),
    "busy, and nobody had it": (False, (*_A, *_A_BACK, *_B_BUSY)),
    "busy while it was being given back": (True, (*_A, _A_BACK[0], *_B_BUSY, _A_BACK[1])),
    "busy before the other knew that he had it": (True, (_A[0], *_B_BUSY, _A[1])),
    "busy because of one of whom nobody knows": (True, (_A[0], "1 info acquire", *_B_BUSY)),
    "busy because of one who certainly failed": (False, (_A[0], "1 fail acquire null !busy", *_B_BUSY)),
    "tokens that do not grow": (False, (*_A, *_A_BACK, _B[0], '2 ok acquire {"token":1}')),
    "several at once": (True, (*_TWO, _B_ONE, "2 fail acquire null !busy")),
    "several at once, one of them taken": (
        False,
        (_B_ONE, "2 ok acquire", *_TWO),
    ),
    "of several none is free before all are": (
        False,
        (*_TWO, _A_BACK[0], _B_ONE, "2 ok acquire", "3 invoke read@g-0", '3 ok read@g-0 "a"', "1 ok release"),
    ),
    "no capacity, as it was": (
        True,
        (*_TWO, _ANY, "2 fail acquire null !no_capacity"),
    ),
    "no capacity, and there was some": (
        False,
        (_ANY, "2 fail acquire null !no_capacity"),
    ),
    "busy because he has it himself": (True, (*_A, '2 invoke acquire {"owner":"a","keys":["g-0"]}', _B_BUSY[1])),
    "less than was asked for": (False, (_TWO[0], '1 ok acquire {"keys":["g-0"]}')),
    "another than was asked for": (False, (_A[0], '1 ok acquire {"keys":["g-1"]}')),
    "fewer than were asked for": (
        False,
        ('1 invoke acquire {"owner":"a","kind":"g","count":2}', '1 ok acquire {"keys":["g-0"]}'),
    ),
    "a release of which nobody knows, before anybody knew that there was something": (
        True,
        ('1 invoke release {"owner":"a"}', "1 info release", *(line.replace("1 ", "3 ", 1) for line in _A), *_B),
    ),
    "busy to whom asked for any": (True, ('2 invoke acquire {"owner":"b","kind":"g","count":1}', _B_BUSY[1])),
    "a thing has the kind that another line tells": (
        True,
        (*_TWO, *_A_BACK, '2 invoke acquire {"owner":"c","keys":["g-0","g-1"]}', "2 ok acquire",
         '3 invoke acquire {"owner":"d","kind":"g","count":1}', "3 fail acquire null !no_capacity"),
    ),
    "a thing of no known kind may be of any": (
        True,
        ('1 invoke acquire {"owner":"a","keys":["g-0"]}', "1 ok acquire",
         '2 invoke acquire {"owner":"b","keys":["g-1"]}', "2 ok acquire",
         '3 invoke acquire {"owner":"d","kind":"g","count":1}', "3 fail acquire null !no_capacity"),
    ),
    "a null is nothing": (
        True,
        ('1 invoke acquire@g-0 {"owner":"a","count":null,"kind":null}', "1 ok acquire@g-0 null"),
    ),
    "an answer of words says only that it was done": (
        True,
        (_A[0], '1 ok acquire "granted"', _A_BACK[0], '1 ok release "released"', *_B),
    ),
    "an answer to a release that names things says no more": (
        True,
        (*_TWO, _A_BACK[0], '1 ok release {"keys":["g-0"]}', _B_ONE, "2 ok acquire"),
    ),
    "who asked once, and nobody knows what for, has what he is seen with": (
        True,
        (*_A_ANY, "2 invoke read@g-0", '2 ok read@g-0 "a"'),
    ),
    "and no more than he asked for": (
        False,
        (*_A_ANY, "2 invoke read@g-0", '2 ok read@g-0 "a"', "2 invoke read@g-1", '2 ok read@g-1 "a"'),
    ),
    "given back twice": (False, (*_A, *_A_BACK, *_A_BACK)),
    "given back by nobody": (False, ('1 invoke release {"owner":"a"}', "1 ok release")),
    "given back before he knew that he had it": (
        True,
        (_A[0], '3 invoke release {"owner":"a"}', _A[1], "3 ok release", *_B),
    ),
    "read as free": (False, (*_A, "2 invoke read@g-0", "2 ok read@g-0 null")),
    "read as somebody's who had given it back": (False, (*_A, *_A_BACK, "2 invoke read@g-0", '2 ok read@g-0 "a"')),
    "read as nobody's we know": (False, ("2 invoke read@g-0", '2 ok read@g-0 "z"')),
    "the owner is the process": (
        False,
        ("1 invoke acquire@g-0", "1 ok acquire@g-0", "2 invoke acquire@g-0", "2 ok acquire@g-0"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_both_say_what_is_right(name: str) -> None:
    is_valid, lines = _CASES[name]
    told = content(
        *(
            line.replace('"owner":"a","keys":["g-0","g-1"]', '"owner":"a","kind":"g","keys":["g-0","g-1"]')
            for line in lines
        )
    )
    model = Lease({"g": 2})
    searched = check(read_ops(told.splitlines(), name).ops, model).validity
    swept = check_leases(lambda: [told], model).validity
    assert (searched == "valid", swept == "valid") == (is_valid, is_valid)


def _timed(*lines: tuple[str, int]) -> bytes:
    rows = (content(line)[: -len(b"}\n")] + b',"time":%d}\n' % time for line, time in lines)
    return b"".join(rows)


_UNTIL_50 = '1 ok acquire {"token":1,"expires":50}'


@pytest.mark.parametrize(
    ("asked_at", "answered_at", "is_valid"),
    [(10, 40, False), (10, 50, True), (10, 60, True), (60, 70, True)],
)
def test_what_expires_is_free_from_then_on(asked_at: int, answered_at: int, is_valid: bool) -> None:
    told = _timed((_A[0], 1), (_UNTIL_50, 2), (_B[0], asked_at), (_B[1], answered_at))
    assert (check_leases(lambda: [told], Lease()).validity == "valid") is is_valid
    assert (check(read_ops(told.splitlines(), "x").ops, Lease()).validity == "valid") is is_valid


def test_what_expires_is_one_lease_of_its_owner_and_what_is_left_of_it() -> None:
    of_two = '1 invoke acquire {"owner":"a","keys":["g-0","g-1"]}'
    again = (
        (_A[0], 1), (_UNTIL_50, 2), (_A_BACK[0], 3), (_A_BACK[1], 4), (_A[0], 5),
        ('1 ok acquire {"token":2,"expires":1000}', 6), (_B[0], 60), ('2 ok acquire {"token":3}', 70),
    )  # fmt: skip
    partly = (
        (of_two, 1), (_UNTIL_50, 2), ('1 invoke release {"owner":"a","keys":["g-0"]}', 3), ("1 ok release", 4),
        ('2 invoke acquire {"owner":"b","keys":["g-1"]}', 60), ("2 ok acquire", 70),
    )  # fmt: skip
    for lines, is_valid in ((again, False), (partly, True)):
        told = _timed(*lines)
        assert (check_leases(lambda told=told: [told], Lease()).validity == "valid") is is_valid  # type: ignore[misc]
        assert (check(read_ops(told.splitlines(), "x").ops, Lease()).validity == "valid") is is_valid


def test_an_owner_that_asked_several_times_of_whom_nobody_knows_what_it_got_is_undecided() -> None:
    told = content(*_A, *_A_BACK, '1 invoke acquire {"owner":"a","kind":"g","count":1}', "1 info acquire")
    found = check_leases(lambda: [told], Lease())
    assert found.validity == "unknown"
    assert "a asked several times" in found.parts[0].why


_ODD = {
    "keys that are none": ('1 invoke acquire {"owner":"a","kind":"g","count":1}', '1 ok acquire {"keys":[]}'),
    "a token that is no number": (_A[0], '1 ok acquire {"token":"7"}'),
    "a thing without a name": ('1 invoke acquire {"owner":"a","keys":["g",["h"]]}', "1 ok acquire"),
    "a thing twice": ('1 invoke acquire {"owner":"a","keys":["g","g"]}', "1 ok acquire"),
    "a kind without a name": (
        '1 invoke acquire {"owner":"a","kind":["g"],"count":1}',
        "1 fail acquire null !no_capacity",
    ),
    "more than there can be": ('1 invoke acquire {"owner":"a","count":1000000000}', "1 info acquire"),
    "expires, and nobody knows when": (_A[0], _UNTIL_50),
    "names that are a text": ('1 invoke acquire {"owner":"a","keys":"gpu"}', "1 ok acquire"),
}


@pytest.mark.parametrize("name", _ODD)
def test_what_cannot_be_understood_is_refused_with_its_line(name: str) -> None:
    told = content(*_ODD[name])
    with pytest.raises(BadInput, match="line 1"):
        check_leases(lambda: [told], Lease({"g": 2}))


def test_without_a_total_nobody_can_say_whether_there_was_capacity() -> None:
    told = content('2 invoke acquire {"owner":"b","kind":"g","count":1}', "2 fail acquire null !no_capacity")
    assert check_leases(lambda: [told], Lease()).validity == "valid"
