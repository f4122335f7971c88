"""python -P -m chaos_aura.platform.projection CONFIG.json [--rebuild]"""

import sys

from chaos_aura.platform.process import run_process
from chaos_aura.platform.projection.body import project, rebuild

_REBUILD = "--rebuild"

if __name__ == "__main__":
    wanted = rebuild if _REBUILD in sys.argv[1:] else project
    run_process([each for each in sys.argv if each != _REBUILD], wanted)
