"""A plug-in of pytest: a test that had nothing to try has not passed, and is no skip that something could mend.

The suite of `contract.py` registers it where its tests run. With pytest-xdist others tell how they went: there it is
named, as `pytest -n 2 -p chaos_aura.faults.not_tried`, or in the topmost conftest.py as one of `pytest_plugins`.
"""

import sys
from typing import Any

_WORD = "not tried"


def say_not_tried(why: str, request: Any) -> None:
    """Of the test that asks, should it not fail."""
    request.node.user_properties.append((_WORD, why))
    manager, me = request.config.pluginmanager, sys.modules[__name__]
    if not manager.is_registered(me):
        manager.register(me)


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    why = dict(getattr(report, "user_properties", ())).get(_WORD)  # none has what could not even be collected
    if why is None or report.when != "call" or report.outcome != "passed":
        return None
    return _WORD, "n", f"NOT TRIED ({why})"
