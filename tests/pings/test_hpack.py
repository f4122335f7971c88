"""Header blocks: the examples of RFC 7541, and blocks that break it."""

import pytest

from chaos_aura.pings.hpack import packed_headers, unpacked_headers
from chaos_aura.pings.huffman import unhuffed
from chaos_aura.pings.refusal import Garbled


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
        ("a8eb10649cbf", "no-cache"),
        ("25a849e95ba97d7f", "custom-key"),
        ("25a849e95bb8e8b4bf", "custom-value"),
        ("6402", "302"),
        ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
        (
            "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
        ("", ""),
    ],
)
def test_the_examples_of_the_huffman_code(data: str, text: str) -> None:
    assert unhuffed(bytes.fromhex(data)) == text


@pytest.mark.parametrize("data", ["ff", "0000", "fffffffc", "f1e3c2e5f23a6ba0ab90f400"])
def test_what_is_not_the_huffman_code(data: str) -> None:
    with pytest.raises(Garbled):
        unhuffed(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", {"custom-key": "custom-header"}),
        ("100870617373776f726406736563726574", {"password": "secret"}),
        ("04 0c 2f73616d706c652f70617468", {}),
        ("82 86 84", {}),
        ("20 88 00 01 61 01 62", {"a": "b"}),
        ("3f e1 1f 88", {}),
    ],
)
def test_the_examples_of_the_specification(block: str, headers: dict[str, str]) -> None:
    assert unpacked_headers(bytes.fromhex(block)) == headers


@pytest.mark.parametrize("size", [0, 1, 126, 127, 128, 254, 255, 300, 70_000])
def test_what_is_written_is_read_again(size: int) -> None:
    headers = {"name": "v" * size, "other": "value"}
    assert unpacked_headers(packed_headers(headers.items())) == headers


@pytest.mark.parametrize(
    "block", ["be", "80", "7e 01 61", "00", "00 01 61", "00 01 61 7f ff ff ff", "00 ff" + "ff" * 20]
)
def test_blocks_that_are_none(block: str) -> None:
    with pytest.raises(Garbled):
        unpacked_headers(bytes.fromhex(block))
