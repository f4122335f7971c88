"""An engine as it is kept with what was done by it, so that it is undone there, whichever is the usual one by then."""

from collections.abc import Mapping

from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import MachineLacks

_ADDRESS, _IDENTITY = "address", "id"


def kept(engine: Engine) -> dict[str, str]:
    return {_ADDRESS: engine.address, _IDENTITY: engine.identity}


def found_again(row: Mapping[str, str], usual: Engine) -> Engine:
    """MachineLacks where another one listens there now: what it does not know was not removed."""
    address = row[_ADDRESS]
    one = usual if usual.address == address else Engine({**usual.environ, "DOCKER_HOST": address})
    if one.identity != row[_IDENTITY]:
        why = f"at {address} is another one than the one by which this was done ({row[_IDENTITY]})"
        raise MachineLacks("docker engine", why, "let that one listen there again; its data tell what is left")
    return one
