"""`python -P -m chaos_aura.stack.fetch`: brings every part of the manifest into the cache, for an image to be built."""

import os
import sys

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent


def main() -> int:
    manifest = Manifest.bundled()
    try:
        fetch(manifest.products, Cache.of_user(os.environ), manifest, Silent(), os.environ)
    except ChaosAuraError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
