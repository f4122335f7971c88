"""How every process of the platform begins and ends: settings, observation, one coroutine, a clean exit."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NoReturn

import uvloop

from chaos_aura.platform import observe
from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.settings import Settings, read_settings

_USAGE = 2
type Body = Callable[[Settings, observe.Observer, asyncio.Event], Awaitable[None]]


def run_process(argv: Sequence[str], body: Body) -> NoReturn:
    """`body` ends soon after the event is set: SIGTERM or SIGINT has come."""
    if len(argv) != _USAGE:
        _say(f"{Path(argv[0]).parent.name}: one argument is needed: the path of its settings file")
        _end(2)
    try:
        settings = read_settings(Path(argv[1]), os.environ)
    except BadSettings as bad:
        _say(str(bad))
        _end(2)
    gc.freeze()  # modules stay: looking through them for garbage again and again is wasted
    _end(uvloop.run(_run(settings, body)))


async def _run(settings: Settings, body: Body) -> int:
    observer = observe.start(settings)
    log = get_logger()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    log.info("started", pid=os.getpid())
    try:
        await body(settings, observer, ending)
    except BadSettings as bad:
        log.error("cannot work with its settings", why=str(bad))
        return 2
    except Exception:  # the border of the process: the log has to tell why it ended
        log.exception("failed")
        return 1
    finally:
        log.info("ended")
        observer.close()
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - before there is a log


def _end(code: int) -> NoReturn:
    """Without the interpreter's own end: a process that has used Temporal's client may crash in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
