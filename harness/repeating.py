"""One pytest item, several attempts: each sets its fixtures up anew; what lives as long as the session stays up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from _pytest.runner import call_and_report

RERUN: Any = "rerun"
"""Outcome of an attempt that the next one stands in for, named as other plugins of pytest do."""


def attempts_of(item: Any, nextitem: pytest.Item | None, again: Callable[[], tuple[bool, bool]]) -> None:
    """Run an item until `again` says no after an attempt, or one breaks off before it is an attempt; all are reported.

    `again` tells whether there is another attempt, and whether that stands in for this one: then this one's miss is
    reported as a rerun, which fails no session.
    """
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    goes_on = True
    while goes_on:
        item.user_properties.clear()
        if hasattr(item, "_request") and not item._request:
            item._initrequest()
        reports = [call_and_report(item, "setup", log=False)]
        if reports[0].passed:
            reports.append(call_and_report(item, "call", log=False))
        attempted = reports[-1].when == "call" and bool(item.user_properties) and not reports[-1].skipped
        goes_on, replaced = again() if attempted else (False, False)
        if replaced:
            reports[-1].outcome = RERUN
        # up to the item's parent nothing is torn down between two attempts
        reports.append(call_and_report(item, "teardown", log=False, nextitem=item.parent if goes_on else nextitem))
        item._request, item.funcargs = False, None
        for report in reports:
            hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
