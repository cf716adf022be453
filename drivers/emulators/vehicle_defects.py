"""Seeded defects of the emulated vehicle: what each one is, and how it is done.

`seen_in` is the number of the public field failure that it is made after, or `field` for one of our own programme.
`found_by` names the rule that trips, or the case that provokes it. The installer's docstring is the description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drivers.emulators import service_defects, tls_defects  # noqa: F401 - they register their own
from drivers.emulators.defects import Defect
from drivers.emulators.vehicle_misconduct import REGISTERED, RULE, change, deaf_to, defect, install, instead, twist
from harness.exi.declare import Record
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.intent import Intent
from harness.iso15118.messages import common, dc
from harness.iso15118.order import State
from harness.iso15118.quantities import changed, rational
from harness.iso15118.services import Control, Service
from harness.iso15118.v2gtp import HEADER_LENGTH, PayloadType, frame
from harness.iso15118.wire import to_frame

if TYPE_CHECKING:
    from drivers.emulators.vehicle import ElectricVehicle

__all__ = ["VEHICLE_DEFECTS", "install"]

VEHICLE_DEFECTS: Mapping[str, Defect] = REGISTERED
"""By id; `plugfest defects` prints them."""

# transport and session


@defect("vehicle-old-payload-type", seen_in="F15", found_by=RULE + "vehicle-payload-type-fits-the-message")
def old_payload_type(vehicle: ElectricVehicle) -> None:
    """ServiceDiscoveryReq goes out under payload type 0x8001, as messages of -2 do."""
    twist(vehicle, "ServiceDiscoveryReq", lambda _, right: to_frame(right, PayloadType.SAP))


@defect("takes-any-session-setup", seen_in="F25", found_by="TC_EVCC_CMN_VTB_SessionSetup_121")
def any_setup(vehicle: ElectricVehicle) -> None:
    """A session id of 0 or a plain OK in SessionSetupRes is taken for a session."""

    def prepare(ev: Evcc) -> None:
        ev.session.believes_any_setup = True

    vehicle.before_session.append(prepare)


@defect("vehicle-clock-in-seconds", seen_in="F26", found_by=RULE + "both-sides-stamp-alike")
def clock_in_seconds(vehicle: ElectricVehicle) -> None:
    """Header time stamps count seconds instead of microseconds."""
    vehicle.config = replace(vehicle.config, profile=replace(vehicle.config.profile, time_stamp_unit="s"))


@defect("vehicle-never-resumes-after-pause", seen_in="F30", found_by="PF_PRG_08")
def never_resumes(vehicle: ElectricVehicle) -> None:
    """After a pause the vehicle sleeps until it is unplugged."""
    vehicle.wakes_after_pause = False


@defect("forgets-the-session-in-a-pause", seen_in="F27", found_by="PF_PRG_08")
def forgets_session(vehicle: ElectricVehicle) -> None:
    """The vehicle wakes up, but opens a new session instead of resuming the old one."""
    vehicle.remembers = False


@defect("loses-its-session-id", seen_in="F22", found_by=RULE + "request-keeps-the-session-id")
def loses_id(vehicle: ElectricVehicle) -> None:
    """ChargeParameterDiscovery is sent with session id 0."""
    change(vehicle, "DC_ChargeParameterDiscoveryReq", header__session_id=bytes(8))


# authorization and services


@defect("authorization-without-limit", seen_in="F32", found_by=RULE + "authorization-gives-up")
def no_limit(vehicle: ElectricVehicle) -> None:
    """Ongoing authorization is polled for ever."""
    profile = replace(vehicle.config.profile, authorization_ongoing_s=1e9)
    vehicle.config = replace(vehicle.config, profile=profile)


@defect("aborts-on-a-contract-offer", seen_in="F33", found_by="TC_EVCC_DC_VTB_ServiceDiscovery_100")
def aborts_on_contract(vehicle: ElectricVehicle) -> None:
    """A vehicle without contract ends the session where Plug & Charge is offered beside EIM."""

    def leave(ev: Evcc, right: Record) -> Record:
        return ev.draft("SessionStopReq", charging_session="Terminate") if ev.session.challenge else right

    twist(vehicle, "AuthorizationReq", leave)


@defect("signs-in-der", seen_in="F38", found_by="tests/iso15118/test_defects_provoked.py")
def signs_in_der(vehicle: ElectricVehicle) -> None:
    """Signature values are DER structures instead of r and s one after the other."""

    def resign(ev: Evcc, right: Any) -> Any:
        from harness.iso15118.signature import sign

        contract = ev.session.contract
        if contract is None or right.header.signature is None:
            return right
        return changed(right, header__signature=sign([right.authorization_mode], contract.key, der=True))

    twist(vehicle, "AuthorizationReq", resign)


@defect("stops-after-authorization", seen_in="F67", found_by="PF_PRG_04")
def stops_after_authorization(vehicle: ElectricVehicle) -> None:
    """SessionStopReq right after a granted authorization, without a reason."""
    instead(vehicle, "ServiceDiscoveryReq", "SessionStopReq")


@defect("selects-without-details", seen_in="our default", found_by=RULE + "order-services-discovered")
def selects_without_details(vehicle: ElectricVehicle) -> None:
    """A parameter set is selected without asking for the service's details."""
    instead(vehicle, "ServiceDetailReq", "ServiceSelectionReq")


# parameters, loop, power


@defect("one-way-parameters", seen_in="F41", found_by=RULE + "parameters-fit-the-service")
def one_way_parameters(vehicle: ElectricVehicle) -> None:
    """Charge parameters without discharge limits under a bidirectional service."""

    def strip(_: Evcc, right: Any) -> Any:
        mode = right.energy_transfer_mode
        kept = dc.DCCPDReqEnergyTransferMode.__dataclass_fields__
        plain = dc.DCCPDReqEnergyTransferMode(**{name: mode.__dict__[name] for name in kept})
        return changed(right, energy_transfer_mode=plain)

    twist(vehicle, "DC_ChargeParameterDiscoveryReq", strip)


@defect("scheduled-loop-in-dynamic-control", seen_in="F42", found_by=RULE + "dc-loop-keeps-the-control-mode")
def scheduled_loop(vehicle: ElectricVehicle) -> None:
    """The scheduled variant of the charge loop is sent under dynamic control."""

    def other(_: Evcc, right: Any) -> Any:
        mode = dc.BPTScheduledDCCLReqControlMode(ev_target_current=rational(10), ev_target_voltage=rational(420))
        return changed(right, control_mode=mode)

    twist(vehicle, "DC_ChargeLoopReq", other)


@defect("vehicle-mixes-discharge-signs", seen_in="F43", found_by=RULE + "vehicle-discharge-limits-have-one-sign")
def mixed_signs(vehicle: ElectricVehicle) -> None:
    """Discharge limits are positive in the charge parameters and negative in the loop."""

    def negated(_: Evcc, right: Any) -> Any:
        mode = right.control_mode
        names = [name for name, value in mode.__dict__.items() if "maximum_discharge" in name and value is not None]
        values: dict[str, Any] = {name: rational(-float(mode.__dict__[name])) for name in names}
        return changed(right, control_mode=changed(mode, **values))

    twist(vehicle, "DC_ChargeLoopReq", negated)


@defect("refuses-to-discharge", seen_in="F45", found_by="PF_PRG_06")
def refuses_discharge(vehicle: ElectricVehicle) -> None:
    """The vehicle offers bidirectional service, but its discharge limits are always zero."""
    vehicle.car.most = replace(vehicle.car.most, maximum_discharge_power_w=0.0, maximum_discharge_current_a=0.0)


@defect("ends-on-zero-discharge-limit", seen_in="F45", found_by="TC_EVCC_DC_VTB_ChargeLoop_100")
def ends_on_zero(vehicle: ElectricVehicle) -> None:
    """A station that cannot take power just now makes the vehicle end the session."""

    def leave(ev: Evcc, right: Record) -> Record:
        limits = ev.session.station_limits
        if limits is not None and limits.maximum_discharge_power_w == 0.0:
            ev.session.intent = Intent.STOP
        return right

    twist(vehicle, "DC_ChargeLoopReq", leave)


@defect("shows-no-voltage", seen_in="F46", found_by=RULE + "vehicle-voltage-is-measured")
def no_voltage(vehicle: ElectricVehicle) -> None:
    """EVPresentVoltage in the loop is a constant 0."""
    change(vehicle, "DC_ChargeLoopReq", ev_present_voltage=rational(0))


@defect("copies-power-to-all-phases", seen_in="F46", found_by=RULE + "phases-are-measured-apart")
def copies_power(vehicle: ElectricVehicle) -> None:
    """The sum of the phases' powers stands in the fields of all three phases (AC)."""

    def copied(_: Evcc, right: Any) -> Any:
        power = right.control_mode.ev_present_active_power
        mode = changed(right.control_mode, ev_present_active_power_l2=power, ev_present_active_power_l3=power)
        return changed(right, control_mode=mode)

    twist(vehicle, "AC_ChargeLoopReq", copied)


@defect("vehicle-power-before-pre-charge", seen_in="F48", found_by=RULE + "order-pre-charge-ongoing")
def power_before_pre_charge(vehicle: ElectricVehicle) -> None:
    """PowerDelivery(Start) follows the first answer of pre-charge, although pre-charge is ongoing."""

    def hurry(ev: Evcc, right: Record) -> Record:
        if ev.session.state is not State.PRE_CHARGE_ONGOING:
            return right
        return ev.draft("PowerDeliveryReq", charge_progress=common.ChargeProgress.Start)

    twist(vehicle, "DC_PreChargeReq", hurry)


@defect("skips-pre-charge", seen_in="F49", found_by=RULE + "voltages-match-before-power")
def skips_pre_charge(vehicle: ElectricVehicle) -> None:
    """Pre-charge is called finished at once, whatever the station's voltage."""
    change(vehicle, "DC_PreChargeReq", ev_processing="Finished")


@defect("vehicle-loop-too-slow", seen_in="F52", found_by=RULE + "loop-is-paced")
def slow_loop(vehicle: ElectricVehicle) -> None:
    """A charge-loop request every 0.45 s: late by the performance time, but inside the charger's patience."""
    vehicle.config = replace(vehicle.config, loop_period_s=0.45)


@defect("falls-silent-in-the-loop", seen_in="F53", found_by="PF_PRG_04")
def falls_silent(vehicle: ElectricVehicle) -> None:
    """After 20 loops nothing more comes; the connection stays open."""
    counts = iter(range(20))

    async def hush(ev: Evcc, right: Record) -> Record:
        if next(counts, None) is None:
            await ev.clock.sleep(120.0)
        return right

    twist(vehicle, "DC_ChargeLoopReq", hush)


@defect("ignores-pause-request", seen_in="field", found_by=RULE + "pause-is-followed")
def ignores_pause(vehicle: ElectricVehicle) -> None:
    """The vehicle goes on charging when the station asks for a pause."""
    deaf_to(vehicle, "Pause")


@defect("ignores-terminate", seen_in="field", found_by=RULE + "terminate-is-followed")
def ignores_terminate(vehicle: ElectricVehicle) -> None:
    """The vehicle goes on charging when the station asks for the end."""
    deaf_to(vehicle, "Terminate")


@defect("ignores-schedule-renegotiation", seen_in="F57", found_by=RULE + "schedule-renegotiation-is-followed")
def ignores_renegotiation(vehicle: ElectricVehicle) -> None:
    """The vehicle ignores the station's wish for a new schedule."""
    deaf_to(vehicle, "ScheduleRenegotiation")


@defect("drops-link-on-service-renegotiation", seen_in="F58", found_by=RULE + "vehicle-stops-before-it-closes")
def drops_link(vehicle: ElectricVehicle) -> None:
    """After a granted service renegotiation the vehicle has no next request and closes the connection."""

    async def leave(ev: Evcc, right: Record) -> Record:
        if ev.session.state is State.SERVICE_RENEGOTIATION:
            await ev.close()
        return right

    twist(vehicle, "ServiceDiscoveryReq", leave)


@defect("stops-without-power-off", seen_in="F61", found_by=RULE + "power-is-off-before-the-stop")
def stops_under_power(vehicle: ElectricVehicle) -> None:
    """SessionStopReq comes straight from the charge loop, without PowerDelivery(Stop)."""

    def straight(ev: Evcc, right: Any) -> Any:
        stopping = right.charge_progress == "Stop"
        return ev.draft("SessionStopReq") if stopping else right

    twist(vehicle, "PowerDeliveryReq", straight)


@defect("stops-in-welding-detection", seen_in="F61", found_by=RULE + "order-welding-detection-ongoing")
def stops_in_welding(vehicle: ElectricVehicle) -> None:
    """SessionStopReq follows a welding detection that is still ongoing."""

    def hurry(ev: Evcc, right: Record) -> Record:
        return ev.draft("SessionStopReq") if ev.session.state is State.WELDING_ONGOING else right

    twist(vehicle, "DC_WeldingDetectionReq", hurry)


@defect("profile-above-schedule", seen_in="F64", found_by=RULE + "profile-is-within-the-schedule")
def profile_above(vehicle: ElectricVehicle) -> None:
    """The power profile asks for twice what the chosen schedule offers (scheduled control)."""
    vehicle.config = replace(vehicle.config, control=Control.SCHEDULED)

    def double(_: Evcc, right: Any) -> Any:
        if right.ev_power_profile is None:
            return right
        entries = right.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry
        doubled = tuple(changed(one, power=rational(2 * float(one.power))) for one in entries)
        return changed(right, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=doubled)

    twist(vehicle, "PowerDeliveryReq", double)


@defect("unoffered-schedule-tuple", seen_in="F64", found_by=RULE + "selected-tuple-was-offered")
def unoffered_tuple(vehicle: ElectricVehicle) -> None:
    """The power profile names a schedule tuple that was not offered (scheduled control)."""
    vehicle.config = replace(vehicle.config, control=Control.SCHEDULED)

    def other(_: Evcc, right: Any) -> Any:
        if right.ev_power_profile is None:
            return right
        return changed(right, ev_power_profile__control_mode__selected_schedule_tuple_id=77)

    twist(vehicle, "PowerDeliveryReq", other)


@defect("vehicle-stale-octets-behind-messages", seen_in="F66", found_by=RULE + "vehicle-content-is-of-the-schema")
def stale_octets(vehicle: ElectricVehicle) -> None:
    """Three octets of an earlier message follow each ServiceDetailReq inside its frame."""

    def padded(_: Evcc, right: Record) -> bytes:
        return frame(PayloadType.COMMON, to_frame(right)[HEADER_LENGTH:] + b"\x80\x5c\x01")

    twist(vehicle, "ServiceDetailReq", padded)


@defect("grid-orders-ignored", seen_in="our default", found_by="PF_R02_02_CS")
def grid_orders_ignored(vehicle: ElectricVehicle) -> None:
    """Has DER control of its own by its service, and discharges on whatever the grid operator orders."""
    vehicle.car.grid_orders.obeys = False


@defect("reactive-orders-ignored", seen_in="our default", found_by="PF_R02_04_CS")
def reactive_orders_ignored(vehicle: ElectricVehicle) -> None:
    """Has reactive power among its DER functions, and stays at a power factor of 1."""
    vehicle.car.grid_orders.obeys_reactive = False


@defect("asks-for-what-is-not-offered", seen_in="F40", found_by=RULE + "selected-service-was-offered")
def asks_unoffered(vehicle: ElectricVehicle) -> None:
    """A parameter set that the station did not offer is selected."""
    change(vehicle, "ServiceSelectionReq", selected_energy_transfer_service__parameter_set_id=99)


@defect("details-of-unlisted-service", seen_in="F40", found_by=RULE + "detailed-service-was-listed")
def details_unlisted(vehicle: ElectricVehicle) -> None:
    """Details are asked for a service that the station did not list."""
    change(vehicle, "ServiceDetailReq", service_id=int(Service.PARKING_STATUS))
