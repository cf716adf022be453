"""The link between station and CSMS goes away in the middle of an energy transfer, and comes back.

What a station has to do by itself meanwhile is OCPP's (offline transaction events, coming back by itself). How soon it has
to be back after the network is, no public standard says: those times are ours.
"""

from __future__ import annotations

from harness.case import current_case, eventually, expect, step
from harness.usecase import usecase

V2G = {"iso15118-20", "dc_bpt", "dynamic", "charger:ocpp2.1"}
RULES = ["iso15118-20", "ocpp2.1"]


@usecase(
    "PF_NET_01",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["E04", "our default"],
    uses_rules=RULES,
    parameters={"charge_w": 6_000, "after_w": -4_000, "outage_s": 900, "meter_s": 60, "back_s": 120},
)
async def test_a_long_outage_is_outlived_and_made_up_for(pf_network, pf_session, pf_station, pf_parameters):
    """Nothing passes between station and CSMS for 15 minutes: charging goes on, and what happened is told afterwards"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.charge_w)
    await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", str(pf_parameters.meter_s))

    step(f"the network holds everything back for {pf_parameters.outage_s:g} s")
    loops = answers_of_the_charger()
    pf_station.forget()
    await pf_network.partition(pf_parameters.outage_s, "ocpp")
    await pf_session.wait(pf_parameters.outage_s)
    expect(
        answers_of_the_charger() - loops,
        at_least=pf_parameters.outage_s / 2,
        of="pair",
        named="charge loops in the outage",
        unit="",
    )

    step("the network is back: so is the station, without a hand on it")
    await eventually(
        lambda: pf_station.online and any(one.payload.get("offline") for one in pf_station.received),
        within_s=pf_parameters.back_s,
        of="station",
        what="the station is back and tells what happened meanwhile (TransactionEvent with offline set)",
        requirement="E04",
    )

    step(f"and takes orders again: {pf_parameters.after_w / 1000:+g} kW")
    await pf_session.follows(pf_parameters.after_w)


@usecase(
    "PF_NET_02",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"before_w": -6_000, "after_w": 4_000, "down_s": 10, "back_s": 60},
)
async def test_a_cut_websocket_is_connected_again(pf_network, pf_session, pf_station, pf_parameters):
    """The websocket is cut while the vehicle discharges: the station is back in time and takes orders again"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.before_w)

    step(f"the connection is cut, and none is let in for {pf_parameters.down_s:g} s")
    await pf_network.cut("ocpp", pf_parameters.down_s)
    await eventually(lambda: not pf_station.online, within_s=pf_parameters.down_s, of="bench", what="the link is down")
    await pf_session.wait(pf_parameters.down_s)

    step("the network is back: so is the station, without a hand on it")
    await eventually(
        lambda: pf_station.online, within_s=pf_parameters.back_s, of="station", what="the station has connected again"
    )
    await pf_session.follows(pf_parameters.after_w)


@usecase(
    "PF_NET_03",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"charge_w": 5_000, "dead_s": 120, "back_s": 60},
)
async def test_a_half_open_link_is_noticed(pf_network, pf_session, pf_station, pf_parameters):
    """What both sides send disappears while the connection looks alive: the station notices and connects anew"""
    await pf_session.energy_transfer()

    step(f"everything on the OCPP link disappears for {pf_parameters.dead_s:g} s")
    await pf_network.impair("half-open", "ocpp")
    await pf_session.wait(pf_parameters.dead_s)

    step("the network is back: so is the station, without a hand on it")
    await pf_network.impair("none", "ocpp")
    await eventually(
        lambda: pf_station.online, within_s=pf_parameters.back_s, of="station", what="the station has connected again"
    )
    await pf_session.follows(pf_parameters.charge_w)


def answers_of_the_charger():
    """How many V2G frames it has sent so far; counted, not decoded, since a long session would hold everything up."""
    return sum(one.kind == "v2g.frame" and one.source == "charger" for one in current_case().recorder.events)
