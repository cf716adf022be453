"""The charger under test: content that must be refused, and content that must not be."""

from __future__ import annotations

from typing import Any

from fixtures.evcc import EvccOnBench
from harness.case import expect, step
from harness.iso15118.quantities import changed, changed_limits
from harness.iso15118.services import Control, Service
from testcases.iso15118_20 import twisted
from testcases.iso15118_20.charger import code_of, end, expect_code, expect_refused, reach
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.twisted import DC_NAMESPACE, UNOFFERED, Change, protocols, with_values

AC_NAMESPACE = DC_NAMESPACE.replace(":DC", ":AC")
SELECTED = "selected_energy_transfer_service"
NONE = ["Failed_NoNegotiation"]
SCHEDULED = {"control": Control.SCHEDULED}
ONE_WAY = {"services": (Service.DC,)}


@for_each(
    [
        row("TC_SECC_CMN_VTB_SupportedAppProtocol_051", "V2G20-169", message="supportedAppProtocol", codes=NONE,
            what="an unknown namespace alone", change=protocols(("urn:example:nothing", 1, 0, 1, 1))),
        row("TC_SECC_CMN_VTB_SupportedAppProtocol_052", "V2G20-169", message="supportedAppProtocol", codes=NONE,
            what="major version 9 of the right namespace", change=protocols((DC_NAMESPACE, 9, 0, 1, 1))),
        row("TC_SECC_DC_VTB_SupportedAppProtocol_053", "V2G20-169", message="supportedAppProtocol", codes=NONE,
            requires=["dc_only"], what="the AC message set, of a DC charger",
            change=protocols((AC_NAMESPACE, 1, 0, 1, 1))),
        row("TC_SECC_CMN_VTB_ServiceDetail_051", "V2G20-464", message="ServiceDetail",
            codes=["FAILED_ServiceIDInvalid"], what="a service that nobody offers",
            change=with_values(service_id=UNOFFERED)),
        row("TC_SECC_DC_VTB_ServiceDetail_052", "V2G20-464", message="ServiceDetail", requires=["dc_only"],
            codes=["FAILED_ServiceIDInvalid"], what="the AC service, of a DC charger",
            change=with_values(service_id=int(Service.AC))),
        row("TC_SECC_CMN_VTB_ServiceSelection_051", "V2G20-467", message="ServiceSelection",
            codes=["FAILED_ServiceSelectionInvalid"], what="a parameter set that was not offered",
            change=with_values(**{f"{SELECTED}__parameter_set_id": 99})),
        row("TC_SECC_CMN_VTB_ServiceSelection_052", "V2G20-467", message="ServiceSelection",
            codes=["FAILED_ServiceSelectionInvalid"], what="a service that was not offered",
            change=with_values(**{f"{SELECTED}__service_id": UNOFFERED})),
        row("TC_SECC_DC_VTB_ServiceSelection_053", "V2G20-467", message="ServiceSelection", requires=["dc_only"],
            codes=["FAILED_ServiceSelectionInvalid"], what="the AC service, of a DC charger",
            change=with_values(**{f"{SELECTED}__service_id": int(Service.AC)})),
        row("TC_SECC_CMN_VTB_ServiceSelection_054", "V2G20-467", message="ServiceSelection",
            codes=["FAILED_ServiceSelectionInvalid"], what="a value added service that was not offered",
            change=twisted.added_service),
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_051", "V2G20-2272", message="DC_ChargeParameterDiscovery",
            requires=["dc_bpt"], codes=["FAILED_WrongChargeParameter"],
            what="no discharge limits under a bidirectional service", change=twisted.one_way_parameters),
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_052", "V2G20-2272", message="DC_ChargeParameterDiscovery",
            codes=["FAILED_WrongChargeParameter"], what="discharge limits under a one-way service",
            change=twisted.two_way_parameters, config=ONE_WAY),
        row("TC_SECC_DC_VTB_ChargeParameterDiscovery_053", "V2G20-2272", message="DC_ChargeParameterDiscovery",
            codes=["FAILED_WrongChargeParameter"], what="a voltage below anything that the charger has",
            change=twisted.low_voltage),
        row("TC_SECC_CMN_VTB_ScheduleExchange_051", "V2G20-1600", message="ScheduleExchange", requires=["dynamic"],
            codes=["FAILED"], what="needs of scheduled control under dynamic control", change=twisted.scheduled_needs),
        row("TC_SECC_DC_VTB_PowerDelivery_051", "V2G20-478", message="PowerDelivery", requires=["scheduled"],
            codes=["FAILED_EVPowerProfileInvalid"], what="a power profile above the schedule",
            change=twisted.profile_above_schedule, config=SCHEDULED),
        row("TC_SECC_DC_VTB_PowerDelivery_052", "V2G20-478", message="PowerDelivery", requires=["scheduled"],
            codes=["FAILED_EVPowerProfileInvalid"], what="a power profile above the schedule in its second entry",
            change=twisted.profile_above_later, config=SCHEDULED),
        row("TC_SECC_DC_VTB_PowerDelivery_053", "V2G20-479", message="PowerDelivery", requires=["scheduled"],
            codes=["FAILED_ScheduleSelectionInvalid"], what="a schedule tuple that was not offered",
            change=twisted.another_tuple, config=SCHEDULED),
        row("TC_SECC_DC_VTB_ChargeLoop_051", message="DC_ChargeLoop", requires=["dynamic", "dc_bpt"],
            codes=["FAILED"], what="the scheduled form under dynamic control", change=twisted.scheduled_loop),
        row("TC_SECC_DC_VTB_ChargeLoop_052", message="DC_ChargeLoop", requires=["dynamic", "dc_bpt"],
            codes=["FAILED"], what="no discharge limits under a bidirectional service", change=twisted.one_way_loop),
    ],
    into=globals(), sut="charger", liveness=True,
)  # fmt: skip
async def content_is_refused(
    evcc: EvccOnBench,
    *,
    message: str,
    what: str,
    change: Change,
    codes: list[str],
    config: dict[str, Any] | None = None,
) -> None:
    """{message}Req with {what}: {codes[0]}, and the connection closed"""
    ev = await reach(evcc, message, **(config or {}))
    step(f"{message}Req with {what}")
    request = ev.next_request()
    answer = await ev.exchange(change(ev, request))
    await expect_refused(ev, answer, codes)


@for_each(
    [
        row("TC_SECC_DC_VTB_SessionStop_051", message="DC_ChargeLoop", wish="Pause", when="in the charge loop"),
        row("TC_SECC_CMN_VTB_SessionStop_052", message="ServiceDiscovery", wish="Pause", when="before any service"),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_pause_is_refused(evcc: EvccOnBench, *, message: str, wish: str, when: str) -> None:
    """SessionStopReq({wish}) {when}: refused with a FAILED code, and the connection closed"""
    ev = await reach(evcc, message)
    step(f"SessionStopReq({wish}) {when}")
    answer = await ev.exchange(ev.draft("SessionStopReq", charging_session=wish))
    await expect_refused(ev, answer, ["FAILED_PauseNotAllowed", "FAILED_SequenceError", "FAILED"])


OFFERS = {
    "the better priority second in the list": (20, ((DC_NAMESPACE, 1, 0, 10, 2), (DC_NAMESPACE, 1, 0, 20, 1))),
    "an unknown protocol of better priority": (7, (("urn:example:nothing", 1, 0, 3, 1), (DC_NAMESPACE, 1, 0, 7, 2))),
    "SchemaID 0": (0, ((DC_NAMESPACE, 1, 0, 0, 1),)),
    "SchemaID 7": (7, ((DC_NAMESPACE, 1, 0, 7, 1),)),
    "SchemaID 255": (255, ((DC_NAMESPACE, 1, 0, 255, 1),)),
    "twenty entries, ours the last": (
        19, (*(("urn:example:nothing", 1, 0, each, each + 1) for each in range(19)), (DC_NAMESPACE, 1, 0, 19, 20)),
    ),
}  # fmt: skip


@for_each(
    [
        row(f"TC_SECC_DC_VTB_SupportedAppProtocol_{100 + number}", "V2G20-169", what=what, chosen=chosen, offer=offer)
        for number, (what, (chosen, offer)) in enumerate(OFFERS.items())
    ],
    into=globals(),
    sut="charger",
)
async def the_right_protocol_is_chosen(evcc: EvccOnBench, *, what: str, chosen: int, offer: Any) -> None:
    """An offer with {what}: SchemaID {chosen} is chosen, and the session works"""
    ev = await evcc.before("supportedAppProtocol")
    step(f"an offer with {what}")
    answer: Any = await ev.exchange(protocols(*offer)(ev, ev.next_request()))
    expect_code(answer, ["OK_SuccessfulNegotiation"])
    expect(answer.schema_id, equals=chosen, of="station", named="SchemaID")
    await ev.charge_loop(count=2)
    await end(ev)


@for_each(
    [row("TC_SECC_DC_VTB_SupportedAppProtocol_106", "V2G2-172")],
    into=globals(),
    sut="charger",
)
async def a_minor_deviation_is_named(evcc: EvccOnBench) -> None:
    """Minor version 5 of the right namespace: negotiated, and the code says that the minor version differs"""
    ev = await evcc.before("supportedAppProtocol")
    step("minor version 5")
    answer = await ev.exchange(protocols((DC_NAMESPACE, 1, 5, 1, 1))(ev, ev.next_request()))
    expect_code(answer, ["OK_SuccessfulNegotiationWithMinorDeviation"])
    await end(ev)


# fmt: off
LIMITS = {
    "a discharge limit of zero": {"maximum_discharge_power_w": 0.0, "maximum_discharge_current_a": 0.0},
    "a charge limit of zero": {"maximum_charge_power_w": 0.0, "maximum_charge_current_a": 0.0},
    "a charge limit of 500 W": {"maximum_charge_power_w": 500.0},
    "a charge limit of 3.75 MW": {"maximum_charge_power_w": 3_750_000.0},
}
# fmt: on


@for_each(
    [
        row(f"TC_SECC_DC_VTB_ChargeLoop_{100 + number}", what=what, values=values, requires=["dc_bpt"])
        for number, (what, values) in enumerate(LIMITS.items())
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_limit_moves_in_the_loop(evcc: EvccOnBench, *, what: str, values: dict[str, float]) -> None:
    """{what} in the charge loop: the session goes on, and power stays within it"""
    ev = await evcc.charging()
    step(f"the vehicle states {what}")
    ev.car.limits = changed_limits(ev.car.limits, values)
    for _ in range(10):
        answer: Any = await ev.exchange()
        expect_code(answer, ["OK"])
    most_w = ev.car.limits.maximum_charge_power_w
    expect(
        ev.car.measured.active_power_w,
        at_most=max(most_w * 1.1, 250.0),
        of="station",
        named="power into the vehicle at last",
        uncertainty=0.0,
    )
    await end(ev)


@for_each(
    [row("TC_SECC_CMN_VTB_Authorization_051", "V2G20-2209", requires=["eim_only"])],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def an_unoffered_authorization_is_warned_of(evcc: EvccOnBench) -> None:
    """Plug & Charge selected where it was not offered: WARNING_AuthorizationSelectionInvalid, and the session goes on"""
    ev = await evcc.before("Authorization")
    step("AuthorizationReq selects Plug & Charge")
    answer = await ev.exchange(selected_authorization_service="PnC")
    expect_code(answer, ["WARNING_AuthorizationSelectionInvalid"])
    step("AuthorizationReq selects EIM")
    again = await ev.exchange(changed(ev.draft("AuthorizationReq")))
    expect_code(again, ["OK"])
    await end(ev)


CERTIFICATES = {"random octets": bytes(range(7, 250, 3)), "one octet": b"\x30"}


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_Authorization_{number:03}", what=what, octets=octets)
        for number, (what, octets) in enumerate(CERTIFICATES.items(), 52)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_certificate_that_is_none(evcc: EvccOnBench, *, what: str, octets: bytes) -> None:
    """Plug & Charge with {what} for a contract certificate: not authorized, and the next session works"""
    ev = await evcc.before("Authorization")
    step(f"AuthorizationReq with {what} for a certificate")
    answer: Any = await ev.exchange(twisted.contract(octets)(ev, ev.next_request()))
    granted = code_of(answer) == "OK" and str(answer.evse_processing) == "Finished"
    expect(granted, equals=False, of="station", named="authorized by no certificate")
