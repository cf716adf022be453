"""The harness takes each side itself: a strict agent shows what two tolerant devices hide from each other."""

from __future__ import annotations

from harness.case import expect, step
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.order import State
from harness.usecase import usecase


@usecase(
    "PF_PRG_11",
    sut="charger",
    protocol="iso15118-20",
    requires={"iso15118-20", "dc_bpt", "dynamic"},
    requirements=["V2G20-2106", "V2G20-2006"],
    uses_rules=["iso15118-20"],
    parameters={"loops": 15},
)
async def test_the_charger_serves_our_vehicle_from_plug_to_end(pf_evcc, pf_parameters):
    """Our vehicle at the charger under test: every message in order, a charge loop, and a clean end"""
    step("our vehicle is plugged in and opens a session")
    ev = await pf_evcc.charging()

    step(f"{pf_parameters.loops} charge loops follow")
    response = await ev.charge_loop(count=pf_parameters.loops)
    expect(str(response.response_code), equals="OK", of="charger", named="DC_ChargeLoopRes")

    step("our vehicle ends the session in order")
    await ev.stop()
    expect(str(ev.last_response.response_code), equals="OK", of="charger", named="SessionStopRes")


@usecase(
    "PF_PRG_12",
    sut="vehicle",
    protocol="iso15118-20",
    requires={"iso15118-20", "dc_bpt", "dynamic"},
    requirements=["V2G20-2006", "field"],
    uses_rules=["iso15118-20"],
)
async def test_the_vehicle_charges_at_our_charger_and_leaves_when_asked(pf_secc, pf_limits):
    """Our charger before the vehicle under test: a charge loop, and the vehicle ends when it is told to"""
    step("the vehicle is plugged in at our charger and reaches the charge loop")
    se = await pf_secc.charging()

    step("our charger asks the vehicle to terminate")
    se.session.notify(EvseNotification.Terminate)
    await se.ended(pf_limits.session_s)
    expect(str(se.session.state), equals=str(State.TERMINATED), of="vehicle", named="state of the session")
