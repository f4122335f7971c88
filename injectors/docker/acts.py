"""Every way to hurt a container, by the word for it."""

from chaos_aura.containers.engine import Engine
from chaos_aura.faults.ground import Ground
from injectors.docker.act import Act
from injectors.docker.each import Each
from injectors.docker.inside.strike import Strike
from injectors.docker.kernel import Kernel
from injectors.docker.kinds import KILL_INSIDE, PAUSE_INSIDE
from injectors.docker.lifecycle.crash_loop import CrashLoop
from injectors.docker.lifecycle.kill import Kill
from injectors.docker.lifecycle.pause import Pause
from injectors.docker.lifecycle.restart import Restart
from injectors.docker.lifecycle.stop import Stop
from injectors.docker.network.acts import network_acts
from injectors.docker.resources.clock import ClockSkew
from injectors.docker.resources.cpu import Cpu
from injectors.docker.resources.disk import DiskFull
from injectors.docker.resources.memory import Memory
from injectors.docker.resources.oom import OomKill
from injectors.docker.resources.pids import Pids
from injectors.docker.resources.process_limits import ProcessLimit
from injectors.docker.resources.updated import Updated


def acts(ground: Ground, engine: Engine) -> dict[str, Act]:
    kernel = Kernel(engine)
    return {
        "kill": Each(engine, Kill(engine)),
        "stop": Each(engine, Stop(engine)),
        "pause": Each(engine, Pause(engine)),
        "restart": Each(engine, Restart(engine)),
        "crash_loop": CrashLoop(ground, engine),
        "cpu_throttle": Each(engine, Updated(engine, Cpu(kernel))),
        "memory_limit": Each(engine, Updated(engine, Memory(kernel))),
        "oom_kill": Each(engine, OomKill(engine, kernel)),
        "pids_limit": Each(engine, Updated(engine, Pids(kernel))),
        "fd_limit": Each(engine, ProcessLimit()),
        "file_size_limit": Each(engine, ProcessLimit()),
        "disk_full": DiskFull(ground, engine, kernel),
        "clock_skew": ClockSkew(ground, engine),
        **network_acts(engine),
        PAUSE_INSIDE.name: Each(engine, Strike(engine, "pause")),
        KILL_INSIDE.name: Each(engine, Strike(engine, "kill")),
    }
