"""What OCPP cases ask for beside the roles."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from harness.bench import Bench
from harness.case import Subject
from harness.link import echo
from harness.ocpp.station_errors import StationError
from harness.ocpp.station_handle import StationHandle
from testcases.ocpp21.states import Ground
from testcases.ocpp21.under_test import TestStation


@pytest_asyncio.fixture(loop_scope="session")
async def pf_ground(pf_bench: Bench, pf_station: StationHandle) -> AsyncIterator[Ground]:
    """The ground on which states are established; afterwards the CSMS is as it was."""
    try:
        yield Ground(pf_bench, pf_station)
    finally:
        await leave_as_found(pf_bench, pf_station)


async def leave_as_found(bench: Bench, station: StationHandle) -> None:
    """A station that does not answer here gets a fresh start: the next case must not meet what this one left."""
    try:
        await clear_station(station)
    except StationError as problem:
        bench.record("bench", "bench", what="not taken back", reason=str(problem))
        bench.distrust()


async def clear_station(station: StationHandle) -> None:
    """Our CSMS answers as usual again; no profile and no DER control stays for the next case, and
    what it wrote by `set_variable` is as it was found."""
    station.answers.as_usual()
    station.pong = echo
    station.let_in()
    if not station.online:
        return
    await station.clear_charging_profiles()
    for is_default in (True, False):
        await station.call("ClearDERControl", {"isDefault": is_default})
    await station.restore_variables()


@pytest_asyncio.fixture(loop_scope="session")
async def pf_test_station(pf_bench: Bench, pf_subject: Subject) -> AsyncIterator[TestStation]:
    """Our station as a test agent; it connects to the CSMS under test when the case tells it to boot."""
    assert pf_subject.other
    station = TestStation(pf_bench, pf_subject.other)
    try:
        yield station
    finally:
        await station.close()
