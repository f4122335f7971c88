"""How often a test repeats what it tries: enough for each change or, with CHAOS_AURA_LONG=yes, for a release."""

import os

LONG = os.environ.get("CHAOS_AURA_LONG") == "yes"


def amount(usual: int, long: int) -> int:
    return long if LONG else usual
