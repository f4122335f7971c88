"""`python -P -m chaos_aura.pings redis 127.0.0.1:27000`: one real operation; exits with 0 when it succeeds."""

import sys

from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.pings import toxiproxy
from chaos_aura.pings.of_service import ping_at

_WITHIN_S = 4.0
_WORDS = 2


def main() -> int:
    try:
        if len(sys.argv) != _WORDS + 1:
            raise BadInput("pings", "needs a service and an address", "such as: redis 127.0.0.1:6379")
        name, address = sys.argv[1], Address.parse(sys.argv[2])
        if name == "toxiproxy":
            toxiproxy.ping(address, _WITHIN_S)
        else:
            ping_at(name, address, _WITHIN_S)
    except (ChaosAuraError, ValueError) as cause:
        sys.stderr.write(f"{cause}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
