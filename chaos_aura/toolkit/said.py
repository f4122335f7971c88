"""Chaos Toolkit's own log while a run of ours goes on: without secrets, and without a premature verdict."""

import logging
import traceback

from chaos_aura.run.secrecy import Secrecy

LOGGER = logging.getLogger("chaostoolkit")
_PREMATURE = ("Experiment ended with status:", "The steady-state has deviated, a weakness may have been")


class Discreet(logging.Filter):
    def __init__(self, secrecy: Secrecy) -> None:
        super().__init__()
        self._secrecy = secrecy

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if text.startswith(_PREMATURE):
            return False
        record.msg, record.args = self._secrecy.hide(text), ()
        if record.exc_info:
            record.exc_text = self._secrecy.hide("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True
