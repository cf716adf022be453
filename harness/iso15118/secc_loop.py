"""A charger's answers in the charge loop, and to metering confirmations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.answering import Refused, answers, filled, stated_limits, stated_needs
from harness.iso15118.der import variant, variant_of
from harness.iso15118.messages import ac, common, dc, der_iec
from harness.iso15118.messages.common_types import MeterInfo
from harness.iso15118.order import State
from harness.iso15118.quantities import changed_limits, rational, read_limits
from harness.iso15118.secc_schedule import needs_of
from harness.iso15118.services import Energy
from harness.iso15118.signature import verify
from harness.iso15118.station import Demand, Grant, What

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession


_LOOP_ANSWER: dict[type[Record], type[Record]] = {
    getattr(module, name): getattr(module, name.replace("CLReq", "CLRes"))
    for module in (ac, dc, der_iec)
    for name in dir(module)
    if "CLReqControlMode" in name and hasattr(module, name.replace("CLReq", "CLRes"))
}


NEWS_S = 60.0
"""By how much a departure has to jump to be told anew (our default)."""


def _fill_loop(session: SeccSession, request: Any) -> dict[str, Any]:
    kind = _LOOP_ANSWER[type(request.control_mode)]
    return {
        "evse_status": session.notification,
        "meter_info": _meter_info(session) if request.meter_info_requested or session.state is State.POWER_ON else None,
        "control_mode": _loop_content(session, kind, 0.0),
    }


def _fill_dc_loop(session: SeccSession, request: Any) -> dict[str, Any]:
    outlet = session.station.outlet()
    return _fill_loop(session, request) | {
        "evse_present_current": rational(round(outlet.current_a, 2)),
        "evse_present_voltage": rational(round(outlet.voltage_v, 1)),
        "evse_power_limit_achieved": False,
        "evse_current_limit_achieved": False,
        "evse_voltage_limit_achieved": False,
    }


@answers("DC_ChargeLoopReq", dc.DCChargeLoopRes, _fill_dc_loop)
@answers("AC_ChargeLoopReq", ac.ACChargeLoopRes, _fill_loop)
def charge_loop(session: SeccSession, request: Any, now_s: float) -> Record:
    content = request.control_mode
    _check_loop_content(session, content)
    session.vehicle_limits = limits = read_limits(content, "ev_", session.vehicle_limits)
    bidirectional = session.service is not None and session.service.bidirectional
    grant = session.station.deliver(
        Demand(
            limits if bidirectional else changed_limits(limits, {"maximum_discharge_power_w": 0.0}),
            _number(content, "ev_target_current"),
            _number(content, "ev_target_voltage"),
            bidirectional,
        )
    )
    _watch_needs(session, request, now_s)
    response = filled(session, request, now_s, **_loop_values(session, content, grant))
    outlet = session.station.outlet()
    display = request.display_parameters
    session.tell(
        What.LOOP,
        now_s,
        voltage_v=outlet.voltage_v,
        current_a=outlet.current_a,
        power_w=outlet.active_power_w,
        target_power_w=grant.power_w,
        soc_percent=display.present_soc if display else None,
    )
    return response


def _watch_needs(session: SeccSession, request: Any, now_s: float) -> None:
    """Dynamic control: the loop states needs all the time; they are told anew when departure or target jumps.

    From one request to the next: a vehicle that always leaves "in ten hours" has no news.
    """
    content, display = request.control_mode, request.display_parameters
    if session.needs_told is None or getattr(content, "departure_time", None) is None:
        return
    target = display.target_soc if display else None
    before_s, before = session.needs_told
    leaves_s = now_s + content.departure_time
    session.needs_told = (leaves_s, target)
    if abs(leaves_s - before_s) > NEWS_S or (None not in (target, before) and target != before):
        session.tell(What.NEEDS, now_s, **needs_of(content) | {"target_soc_percent": target})


def _check_loop_content(session: SeccSession, content: Any) -> None:
    name = type(content).__name__
    if ("Dynamic" in name) != session.dynamic:
        raise Refused("FAILED", f"{name} is not the selected control mode")
    if variant_of(name) != variant(session.service):
        raise Refused("FAILED", f"{name} does not fit the selected service")


def _number(content: Any, name: str) -> float | None:
    value = getattr(content, name, None)
    return None if value is None else float(value)


def _loop_values(session: SeccSession, content: Any, grant: Grant) -> dict[str, Any]:
    """The elements of a loop response that depend on the station's decision."""
    if session.energy is Energy.AC:
        kind = _LOOP_ANSWER[type(content)]
        return {"control_mode": _loop_content(session, kind, grant.power_w)}
    return {
        "evse_power_limit_achieved": grant.power_limited,
        "evse_current_limit_achieved": grant.current_limited,
        "evse_voltage_limit_achieved": grant.voltage_limited,
    }


def _loop_content(session: SeccSession, kind: type[Record], power_w: float) -> Record:
    values = stated_limits(session, kind) | _ac_target(kind, power_w) | stated_needs(session, kind)
    if "evse_present_active_power" in kind.__dataclass_fields__:
        values["evse_present_active_power"] = rational(round(session.station.outlet().active_power_w))
    if "dso_maximum_discharge_power" in kind.__dataclass_fields__:
        values |= session.grid_control().in_loop()
    return kind(**values)


def _ac_target(kind: type[Record], power_w: float) -> dict[str, Any]:
    mandatory = "Dynamic_AC" in kind.declaration.name
    return {"evse_target_active_power": rational(round(power_w))} if mandatory else {}


def _meter_info(session: SeccSession) -> MeterInfo | None:
    reading = session.station.meter() if session.config.meter else None
    if reading is None:
        return None
    both_ways = session.service is not None and session.service.bidirectional
    return MeterInfo(
        meter_id=reading.meter_id,
        charged_energy_reading_wh=round(max(reading.charged_wh, 0)),
        bpt_discharged_energy_reading_wh=round(max(reading.discharged_wh, 0)) if both_ways else None,
    )


@answers("MeteringConfirmationReq", common.MeteringConfirmationRes)
def metering_confirmation(session: SeccSession, request: Any, now_s: float) -> Record:
    if session.notification and session.notification.evse_notification == "MeteringConfirmation":
        session.notification = None
    if request.signed_metering_data.session_id != session.session_id:
        raise Refused("FAILED_MeteringSignatureNotValid", "the metering data are of another session")
    if session.contract_leaf is not None and request.header.signature is not None:
        checked = verify(request.header.signature, [request.signed_metering_data], session.contract_leaf)
        if not checked.good:
            raise Refused("FAILED_MeteringSignatureNotValid", checked.problem)
    return filled(session, request, now_s)
