"""`python -P -m chaos_aura.platform.check_flags`: whether the flags in the environment can be used.

Exits with 2 when they cannot, and prints one JSON object, such as
{"where": "environment variable CHAOS_AURA_FLAG_CACHE", "why": "`cache` must be on or off, not 'banana'", "remedy": ""}
"""

import json
import os
import sys

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.flags import flags_in


def main() -> int:
    try:
        flags_in(os.environ)
    except BadSettings as bad:
        json.dump({"where": bad.where, "why": bad.why, "remedy": bad.remedy}, sys.stdout)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
