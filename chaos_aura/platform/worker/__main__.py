"""`python -P -m chaos_aura.platform.worker CONFIG.json`"""

import sys

from chaos_aura.platform.process import run_process
from chaos_aura.platform.worker.work import ENDS_WITHIN_S, work

if __name__ == "__main__":
    run_process(sys.argv, work, ENDS_WITHIN_S)
