"""The platform's flags in the environment. Only the platform can say what they mean, so it is asked."""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from chaos_aura.core.errors import BadInput

PREFIX = "CHAOS_AURA_FLAG_"
_ASK = (sys.executable, "-P", "-m", "chaos_aura.platform.check_flags")
_WITHIN_S = 30.0
_UNUSABLE = 2


def flag_names_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in environ if name.startswith(PREFIX)))


def refuse_unusable_flags(environ: Mapping[str, str]) -> None:
    """Before they stay with a stack, whose processes would end with them again and again. Costs nothing without any.

    Where the platform cannot be asked, for it has no packages or no time, its processes tell it themselves.
    """
    if not flag_names_in(environ):
        return
    with suppress(subprocess.TimeoutExpired):
        asked = subprocess.run(
            _ASK,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if asked.returncode == _UNUSABLE:
            told = json.loads(asked.stdout)
            raise BadInput(told["where"], told["why"], told["remedy"])
