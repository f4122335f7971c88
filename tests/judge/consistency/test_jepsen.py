"""The lines of a history: what is an operation, what is passed over, and what is refused with its line."""

import pytest
from told_histories import content

from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.jepsen import Read, read_ops
from chaos_aura.judge.consistency.op import End


def _read(*lines: bytes) -> Read:
    return read_ops(lines, "h.jsonl")


def test_an_operation_is_what_begins_and_ends() -> None:
    (op,) = read_ops(
        content('3 invoke acquire@g-0 {"owner":"r1"}', '3 ok acquire@g-0 {"token":7}').splitlines(), "h"
    ).ops
    assert (op.process, op.f, op.key, op.end) == ("3", "acquire", "g-0", End.OK)
    assert (op.asked, op.answered, op.line, op.end_line) == ({"owner": "r1"}, {"token": 7}, 1, 2)


def test_what_never_ended_may_have_happened() -> None:
    (op,) = read_ops(content("1 invoke write 3").splitlines(), "h").ops
    assert (op.end, op.ended, op.end_line) == (End.INFO, None, None)


def test_a_process_may_go_on_after_it_heard_nothing() -> None:
    told = content("1 invoke write 3", "1 info write 3", "1 invoke read", "1 ok read 3")
    first, second = read_ops(told.splitlines(), "h").ops
    assert first.ended is None
    assert second.invoked > first.invoked


def test_times_are_the_order_where_there_are_any() -> None:
    lines = [
        b'{"process":1,"type":"invoke","f":"read","time":30}',
        b'{"process":1,"type":"ok","f":"read","value":1,"time":40}',
        b'{"process":2,"type":"invoke","f":"write","value":1,"time":10}',
        b'{"process":2,"type":"ok","f":"write","value":1,"time":20}',
    ]
    write, read = _read(*lines).ops
    assert (write.f, read.f) == ("write", "read")
    assert write.ended is not None
    assert write.ended < read.invoked


def test_a_torn_last_line_is_passed_over_and_told() -> None:
    read = _read(b'{"process":1,"type":"invoke","f":"read"}', b'{"process":1,"type":"o')
    assert len(read.ops) == 1
    assert read.notes == ("the last line is torn, and was passed over",)


def test_whoever_is_no_client_is_passed_over_and_counted() -> None:
    read = _read(b'{"process":"nemesis","type":"info","f":"kill"}', b"", b'{"process":1,"type":"invoke","f":"read"}')
    assert (len(read.ops), read.notes) == (1, ("1 line of no client passed over",))


_BEGUN = b'{"process":1,"type":"invoke","f":"read"}'


@pytest.mark.parametrize(
    ("lines", "number", "why"),
    [
        ([b"{", _BEGUN], 1, "is not JSON"),
        ([b"[1]"], 1, "is no object, but list"),
        ([b'{"type":"invoke","f":"read"}'], 1, "has no `process`"),
        ([b'{"process":1,"f":"read"}'], 1, "has no `type`"),
        ([b'{"process":1,"type":"invoke"}'], 1, "has no `f`"),
        ([b'{"process":1,"type":"began","f":"read"}'], 1, "`type` is 'began'"),
        ([b'{"process":1,"type":"invoke","f":""}'], 1, "`f` is no name"),
        ([b'{"process":1,"type":"invoke","f":"read","time":1.5}'], 1, "`time` is no whole number"),
        ([b'{"process":1.5,"type":"invoke","f":"read"}'], 1, "`process` is neither"),
        ([b'{"process":1,"type":[],"f":"read"}'], 1, "`type` is []"),
        ([_BEGUN, _BEGUN], 2, "process 1 is still busy with what it began in line 1"),
        ([b'{"process":1,"type":"ok","f":"read"}'], 1, "ends what process 1 never began"),
        ([_BEGUN, b'{"process":1,"type":"ok","f":"write"}'], 2, "ends `write`, and process 1 began `read`"),
        ([_BEGUN, b'{"process":1,"type":"ok","f":"read","time":3}'], 1, "has no `time`, and line 2 has one"),
        ([_BEGUN, b'{"process":1,"type":"ok","f":"read","key":"a"}'], 2, "has another `key` than line 1"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(lines: list[bytes], number: int, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        _read(*lines)
    assert f"h.jsonl, line {number}" in str(refused.value)
    assert why in str(refused.value)
