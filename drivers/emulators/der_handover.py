"""What a charger hands on to a vehicle with DER control of its own (R02), and what it does in its place (R03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.emulators.secc import Charger
from drivers.emulators.station import EmulatedStation
from harness.iso15118.der import DerFunction, GridControl
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Service
from harness.ocpp.der import NOMINAL_GRID_V, DerControl
from harness.ocpp.frames import Payload

LIMIT = "LimitMaxDischarge"
"""Every vehicle in AC_DER_IEC takes the grid operator's discharge power in the loop: it is no function of the service."""
CONTROLS = {
    DerFunction.OVER_FREQUENCY_WATT: ("FreqDroop", "FreqWatt"),
    DerFunction.UNDER_FREQUENCY_WATT: ("FreqDroop", "FreqWatt"),
    DerFunction.VOLT_WATT: ("VoltWatt",),
}
"""Control types of OCPP that a vehicle executes by a function (our reading)."""


class DerHandover:
    """Between the two halves of one charger."""

    def __init__(self, charger: Charger, station: EmulatedStation) -> None:
        self.charger = charger
        self.station = station
        self._most_w = 0.0
        charger.before_session.append(self._prepare)

    def chosen(self, service: Service) -> None:
        """What the vehicle does itself is known by the parameter set that it has selected."""
        offer = self.charger.current.session.offer if self.charger.current else None
        functions = DerFunction(offer.der_functions) if offer else DerFunction(0)
        own = {one for function in functions for one in CONTROLS.get(function, ())}
        self.station.evse.der.in_vehicle = frozenset({*own, LIMIT} if service is Service.AC_DER_IEC else ())

    def limited(self, limits: Mapping[str, Any]) -> None:
        self._most_w = abs(limits.get("maximum_discharge_power_w") or 0.0)

    def nameplate(self, minimum_energy_wh: float | None) -> Payload | None:
        """DERChargingParametersType of the connected vehicle; None for one without DER control."""
        own = self.station.evse.der.in_vehicle
        if not own:
            return None
        told: Payload = {"evSupportedDERControl": sorted(own), "maxDischargeApparentPower": self._most_w}
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
        )

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
