"""A station that the CSMS does not welcome: its boot is refused (B02, B03), or its driver's token (C01, C08)."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, permitted, reach

RULES = ["ocpp2.1"]
EARLY_S = 0.2
"""How much earlier than the interval a station may ask again (our default)."""


async def asks_again_and_waits(bench, station, within_s, interval_s, reset="Immediate"):
    """Restarted and refused, it says nothing but asks again after the interval that it was given."""
    refused = {"status": "Rejected", "currentTime": to_text(utc_s(bench.clock)), "interval": interval_s}
    station.answers.answer("BootNotification", refused, times=1)
    station.forget()
    step("the station restarts, and its boot is refused")
    answer = await station.call("Reset", {"type": reset})
    expect(answer["status"], equals="Accepted", of="station", named="status of Reset")
    first = await station.expect("BootNotification", within_s=within_s)
    second = await station.expect("BootNotification", within_s=interval_s + within_s)
    expect(second.at_s - first.at_s, at_least=interval_s - EARLY_S, of="station", named="until it asks again", unit="s")
    between = {one.action for one in station.received if first.at_s < one.at_s < second.at_s}
    expect(between, equals=set(), of="station", named="said before it is accepted")


@usecase("PF_B03_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["B02", "B03"],
         uses_rules=RULES, parameters={"interval_s": 5})  # fmt: skip
async def test_a_refused_boot(pf_bench, pf_ground, pf_station, pf_limits, pf_parameters):
    """A station whose boot is refused says nothing else, and asks again after the interval that it was given"""
    await reach(Booted, pf_ground)
    await asks_again_and_waits(pf_bench, pf_station, pf_limits.session_s, pf_parameters.interval_s)


@usecase("PF_C08_R1_CS", sut="pair", protocol="ocpp2.1",
         requires={"charger:ocpp2.1", "charger:local_start", "dc_bpt", "dynamic"},
         requirements=["C01", "C08"], uses_rules=RULES, parameters={"refused_s": 15})  # fmt: skip
async def test_a_refused_token_does_not_charge(pf_bench, pf_ground, pf_station, pf_session, pf_limits, pf_parameters):
    """External identification that the CSMS does not accept: no charging begins"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Authorize", {"idTokenInfo": {"status": "Invalid"}})
    since_s = utc_s(pf_bench.clock)
    pf_station.forget()
    await pf_bench.plug_in()
    asked = (await pf_station.expect("Authorize", within_s=pf_limits.session_s)).payload
    expect(asked["idToken"]["type"] != "eMAID", equals=True, of="station", named="token of the driver, no contract")
    await pf_session.wait(pf_parameters.seconds("refused_s"))
    expect(len(permitted(pf_station, since_s)), equals=0, of="station", named="permitted transactions and transfers")
