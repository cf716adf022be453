"""What a charger hands on to a vehicle with DER control of its own (R02), and what it does in its place (R03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.emulators.secc import Charger
from drivers.emulators.station import EmulatedStation
from harness.iso15118.der import DerFunction, GridControl
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Service
from harness.ocpp.der import DerControl
from harness.ocpp.der_power import NOMINAL_GRID_V
from harness.ocpp.frames import Payload

LIMIT = "LimitMaxDischarge"
"""Every vehicle in AC_DER_IEC takes the grid operator's discharge power in the loop: it is no function of the service."""
CONTROLS = {
    DerFunction.OVER_FREQUENCY_WATT: ("FreqDroop", "FreqWatt"),
    DerFunction.UNDER_FREQUENCY_WATT: ("FreqDroop", "FreqWatt"),
    DerFunction.VOLT_WATT: ("VoltWatt",),
    DerFunction.VOLT_VAR: ("VoltVar",),
    DerFunction.DSO_Q_SETPOINT: ("FixedVar",),
    DerFunction.DSO_COS_PHI_SETPOINT: ("FixedPFAbsorb", "FixedPFInject"),
}
"""Control types of OCPP that a vehicle executes by a function (our reading)."""
CURVES = frozenset({"VoltWatt", "VoltVar"})
"""Those that only the charge parameters carry."""


class DerHandover:
    """Between the two halves of one charger."""

    def __init__(self, charger: Charger, station: EmulatedStation) -> None:
        self.charger = charger
        self.station = station
        self._most_w = 0.0
        self._most_var = 0.0
        station.evse.der.changed = self._changed
        charger.before_session.append(self._prepare)

    def chosen(self, service: Service) -> None:
        """What the vehicle does itself is known by the parameter set that it has selected."""
        offer = self.charger.current.session.offer if self.charger.current else None
        functions = DerFunction(offer.der_functions) if offer else DerFunction(0)
        own = {one for function in functions for one in CONTROLS.get(function, ())}
        self.station.evse.der.in_vehicle = frozenset({*own, LIMIT} if service is Service.AC_DER_IEC else ())

    def limited(self, limits: Mapping[str, Any]) -> None:
        self._most_w = abs(limits.get("maximum_discharge_power_w") or 0.0)
        self._most_var = limits.get("maximum_reactive_var") or 0.0

    def nameplate(self, minimum_energy_wh: float | None) -> Payload | None:
        """DERChargingParametersType of the connected vehicle; None for one without DER control."""
        own = self.station.evse.der.in_vehicle
        if not own:
            return None
        told: Payload = {"evSupportedDERControl": sorted(own), "maxDischargeApparentPower": self._most_w}
        if self._most_var:
            told |= {"maxChargeReactivePower": self._most_var, "maxDischargeReactivePower": self._most_var}
        if minimum_energy_wh is not None:
            told["evSessionTotalDischargeEnergyAvailable"] = max(0.0, -minimum_energy_wh)
        return told

    def _prepare(self, se: Secc) -> None:
        se.session.grid_control = self._control

    def _control(self) -> GridControl:
        if self.station.core.quirks.withholds_der:
            return GridControl()
        limit, curve = self._working(LIMIT), self._working("VoltWatt")
        percent = limit.content.get("pctMaxDischargePower") if limit else None
        return GridControl(
            None if percent is None else self._most_w * float(percent) / 100.0,
            _straight_line(curve.content["curveData"]) if curve else None,
            self._reactive_var(),
            self._power_factor(),
            self._volt_var(),
        )

    def _volt_var(self) -> tuple[tuple[float, float], ...] | None:
        """Percent of the nominal voltage and of the vehicle's reactive power, as volts and var."""
        curve = self._working("VoltVar")
        points = curve.content["curveData"] if curve else ()
        told = tuple((one["x"] * NOMINAL_GRID_V / 100.0, -one["y"] * self._most_var / 100.0) for one in points)
        return told if len(told) > 1 else None

    def _reactive_var(self) -> float | None:
        """FixedVar is positive towards the grid, a set point of ISO 15118-20 from it."""
        fixed = self._working("FixedVar")
        return None if fixed is None else -self._most_var * float(fixed.content["setpoint"]) / 100.0

    def _power_factor(self) -> tuple[float, bool] | None:
        """FixedPFInject while it gives power back, FixedPFAbsorb while it takes it."""
        way = "FixedPFInject" if self.station.power_target_w() < 0 else "FixedPFAbsorb"
        fixed = self._working(way)
        return None if fixed is None else (float(fixed.content["displacement"]), not fixed.content["excitation"])

    def _changed(self, control_type: str) -> None:
        """A curve reaches a vehicle that is in session by a new negotiation of the service."""
        quirks = self.station.core.quirks
        waits = quirks.withholds_der or quirks.saves_curves
        if control_type in CURVES & self.station.evse.der.in_vehicle and not waits:
            self.charger.renegotiate_service()

    def _working(self, control_type: str) -> DerControl | None:
        der = self.station.evse.der
        return der.working(control_type, self.station.now_s()) if control_type in der.in_vehicle else None


def _straight_line(points: list[Payload]) -> tuple[float, float]:
    """A VoltWatt curve's last fall, from all to nothing, as two voltages; its x is percent of the nominal voltage."""
    (x0, y0), (x1, y1) = ((float(one["x"]), float(one["y"])) for one in (points[0], points[0]))
    for one, after in zip(points, points[1:], strict=False):
        if after["y"] < one["y"]:
            (x0, y0), (x1, y1) = ((float(each["x"]), float(each["y"])) for each in (one, after))
    per_percent = (x1 - x0) / (y0 - y1) if y0 > y1 else 0.0
    start, stop = x0 - (100.0 - y0) * per_percent, x1 + y1 * per_percent
    return start * NOMINAL_GRID_V / 100.0, stop * NOMINAL_GRID_V / 100.0
