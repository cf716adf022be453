"""The pytest plugin's front door: `pytest --lab FILE testcases/...` runs test cases on a bench.

Every pytest run on the machine passes here, so without --lab nothing is imported and nothing is done.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("plugfest", "hardware-in-the-loop V2G campaigns")
    group.addoption("--lab", metavar="FILE", help="lab config; switches Plugfest on")
    group.addoption("--pf-case", metavar="ID", action="append", default=[], help="run only this case (repeatable)")
    group.addoption("--pf-campaign", metavar="FILE", help="campaign file: population, protocol and plan on that lab")
    group.addoption("--pf-part", metavar="I/N", default="1/1", help="run this share of the campaign's pairs")
    group.addoption("--pf-time", choices=["wire", "virtual"], default="wire", help="wire or virtual time")
    group.addoption("--pf-out", metavar="DIR", default="runs", help="where run folders are made (default: runs)")
    group.addoption("--pf-resume", metavar="RUN", help="go on with an interrupted run: finished cases are kept")
    group.addoption(
        "--pf-impairment", metavar="NAME", action="append", default=[],
        help="run every case under this kind of bad links instead of those of the lab file (repeatable; none: good links)",
    )  # fmt: skip
    group.addoption(
        "--pf-defect", metavar="ID", action="append", default=[], help="seed a defect into an emulated device"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--lab") or config.getoption("--pf-campaign"):
        from harness.campaign_plugin import install

        install(config)
