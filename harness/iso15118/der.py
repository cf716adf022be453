"""DER control over ISO 15118-20 (Amendment 1, AC_DER_IEC): which functions there are, and what a station hands on.

The order of the functions' bits and the elements are those of one public stack and of the generated schema; which
namespace the service is negotiated with is open between public sources: ours uses AC's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from harness.iso15118.messages import ac, der_iec
from harness.iso15118.messages.common_types import CLReqControlMode
from harness.iso15118.quantities import rational
from harness.iso15118.services import Control, Service


class DerFunction(IntFlag):
    """Bits of the service parameter DERControlFunctions."""

    OVER_FREQUENCY_WATT = 1
    UNDER_FREQUENCY_WATT = 2
    VOLT_WATT = 4
    VOLT_VAR = 8
    WATT_VAR = 16
    WATT_COS_PHI = 32
    DSO_Q_SETPOINT = 64
    DSO_COS_PHI_SETPOINT = 128
    DC_INJECTION_RESTRICTION = 256
    ZERO_CURRENT = 512
    OVER_VOLTAGE_RIDE_THROUGH = 1024
    UNDER_VOLTAGE_RIDE_THROUGH = 2048


def variant(service: Service | None) -> str:
    """How the element types of a service begin: BPT, DER, or nothing."""
    if service is Service.AC_DER_IEC:
        return "DER"
    return "BPT" if service is not None and service.bidirectional else ""


def variant_of(kind: str) -> str:
    """The same of an element type's name."""
    return next((prefix for prefix in ("BPT", "DER") if prefix in kind), "")


@dataclass(frozen=True, slots=True)
class GridControl:
    """What the grid operator wants of the vehicle now; None: nothing of that kind.

    Limit and set points are in every answer of the charge loop, so they hold at once; curves only in the charge
    parameters, so a new one needs a renegotiation of the service. `volt_watt`: from which voltage on discharging is
    lowered, and at which it has ended (V, phase to neutral). `reactive_var` is positive drawn from the grid.
    """

    maximum_discharge_w: float | None = None
    volt_watt: tuple[float, float] | None = None
    reactive_var: float | None = None
    power_factor: tuple[float, bool] | None = None
    """Cos phi, and whether reactive power is given to the grid (over-excited)."""
    volt_var: tuple[tuple[float, float], ...] | None = None
    """Two to ten points of voltage (V, phase to neutral) and reactive power (var, positive drawn from the grid)."""

    def in_parameters(self, nominal_charge_w: float, nominal_discharge_w: float) -> dict[str, Any]:
        """Of a charge parameter response; the settings hold for the service session."""
        support = None
        if self.volt_watt:
            curve = der_iec.VoltWatt(
                power_reference=der_iec.PowerReference.MaximumDischargePower,
                u_start=rational(round(self.volt_watt[0], 1)),
                u_stop=rational(round(self.volt_watt[1], 1)),
                pt1_response_active_power=False,
                step_response_time_constant_active_power=rational(0),
            )
            support = der_iec.ActivePowerSupport(volt_watt=curve)
        reactive = der_iec.ReactivePowerSupport(volt_var=_curve(self.volt_var)) if self.volt_var else None
        return {
            "evse_nominal_charge_power": rational(nominal_charge_w),
            "evse_nominal_discharge_power": rational(nominal_discharge_w),
            "ev_operating_mode": der_iec.EVOperatingMode.GridFollowing,
            "grid_connection_mode": der_iec.GridConnectionMode.GridConnected,
            "der_control": der_iec.DERControl(active_power_support=support, reactive_power_support=reactive),
        }

    def in_loop(self) -> dict[str, Any]:
        """Of every charge loop response."""
        said: dict[str, Any] = {}
        at_once: dict[str, Any] = {
            "pt1_response_reactive_power": False,
            "step_response_time_constant_reactive_power": rational(0),
        }
        if self.maximum_discharge_w is not None:
            said["dso_maximum_discharge_power"] = rational(self.maximum_discharge_w)
        if self.reactive_var is not None:
            said["dsoq_setpoint"] = der_iec.DSOQSetpoint(
                dsoq_setpoint_value=rational(round(self.reactive_var)), **at_once
            )
        if self.power_factor is not None:
            cos_phi, gives = self.power_factor
            excitation = (
                der_iec.PowerFactorExcitation.OverExcited if gives else der_iec.PowerFactorExcitation.UnderExcited
            )
            said["dso_cos_phi_setpoint"] = der_iec.DSOCosPhiSetpoint(
                dso_cos_phi_setpoint_value=rational(round(cos_phi, 3)), excitation=excitation, **at_once
            )
        return said


def _curve(points: tuple[tuple[float, float], ...]) -> der_iec.DERCurve:
    """Reactive power over voltage; what is given to the grid is over-excited."""

    def point(volts: float, var: float) -> der_iec.DataTuple:
        way = der_iec.PowerFactorExcitation
        excitation = way.OverExcited if var < 0 else way.UnderExcited
        y_value = der_iec.SetpointExcitation(setpoint_value=rational(round(abs(var))), excitation=excitation)
        return der_iec.DataTuple(x_value=rational(round(volts, 1)), y_value=y_value)

    return der_iec.DERCurve(
        x_unit=der_iec.CurveDataPointsUnit.V,
        y_unit=der_iec.CurveDataPointsUnit.var,
        curve_data_points=der_iec.CurveDataPointsList(curve_data_point=tuple(point(*one) for one in points)),
        pt1_response_reactive_power=False,
        step_response_time_constant_reactive_power=rational(0),
    )


def curve_points(curve: der_iec.DERCurve) -> tuple[tuple[float, float], ...]:
    """What a station's curve says, reactive power positive drawn from the grid."""
    return tuple(
        (
            float(one.x_value),
            float(one.y_value.setpoint_value) * (-1.0 if one.y_value.excitation == "OverExcited" else 1.0),
        )
        for one in curve.curve_data_points.curve_data_point
    )


def reactive_limits(maximum_var: float) -> der_iec.EVReactivePowerLimits:
    """The same either way."""
    return der_iec.EVReactivePowerLimits(
        ev_maximum_charge_reactive_power=rational(maximum_var),
        ev_maximum_discharge_reactive_power=rational(maximum_var),
    )


def maximum_reactive_var(content: Any) -> float | None:
    """What a vehicle says in its charge parameters that it can do of reactive power; None where it does not."""
    limits = getattr(content, "ev_reactive_power_limits", None)
    return None if limits is None else abs(float(limits.ev_maximum_discharge_reactive_power))


AC_PARAMETERS: dict[str, type[ac.ACCPDReqEnergyTransferMode]] = {
    "": ac.ACCPDReqEnergyTransferMode,
    "BPT": ac.BPTACCPDReqEnergyTransferMode,
    "DER": der_iec.DERACCPDReqEnergyTransferMode,
}
AC_PARAMETERS_ANSWER: dict[str, type[ac.ACCPDResEnergyTransferMode]] = {
    "": ac.ACCPDResEnergyTransferMode,
    "BPT": ac.BPTACCPDResEnergyTransferMode,
    "DER": der_iec.DERACCPDResEnergyTransferMode,
}
AC_LOOP: dict[tuple[Control, str], type[CLReqControlMode]] = {
    (Control.DYNAMIC, ""): ac.DynamicACCLReqControlMode,
    (Control.DYNAMIC, "BPT"): ac.BPTDynamicACCLReqControlMode,
    (Control.DYNAMIC, "DER"): der_iec.DERDynamicACCLReqControlMode,
    (Control.SCHEDULED, ""): ac.ScheduledACCLReqControlMode,
    (Control.SCHEDULED, "BPT"): ac.BPTScheduledACCLReqControlMode,
    (Control.SCHEDULED, "DER"): der_iec.DERScheduledACCLReqControlMode,
}
"""Element types of the AC messages by control mode and variant."""
