"""`python -P -m chaos_aura.platform.api CONFIG.json`"""

import sys

from chaos_aura.platform.api.serve import serve
from chaos_aura.platform.process import run_process

if __name__ == "__main__":
    run_process(sys.argv, serve)
