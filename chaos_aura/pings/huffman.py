"""HPACK's Huffman code (RFC 7541, appendix B), for printable ASCII: enough to read a server's error message.

The code is canonical: codes of one length follow each other in the order of their symbols. So the lengths say it all.
"""

from chaos_aura.pings.refusal import Garbled

SYMBOLS_BY_LENGTH = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
    19: "\\",
}
LONGEST_PADDING = 7


def unhuffed(data: bytes) -> str:
    text: list[str] = []
    length, code = 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            length, code = length + 1, code << 1 | byte >> shift & 1
            if symbol := SYMBOL_OF_CODE.get((length, code)):
                text.append(symbol)
                length, code = 0, 0
    if length > LONGEST_PADDING or code != (1 << length) - 1:
        raise Garbled("a header of its answer is not Huffman-coded ASCII")
    return "".join(text)


def _symbol_of_code() -> dict[tuple[int, int], str]:
    symbols: dict[tuple[int, int], str] = {}
    code, previous = 0, 0
    for length, row in SYMBOLS_BY_LENGTH.items():
        code <<= length - previous
        for symbol in row:
            symbols[length, code] = symbol
            code += 1
        previous = length
    return symbols


SYMBOL_OF_CODE = _symbol_of_code()
