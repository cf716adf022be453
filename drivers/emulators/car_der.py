"""DER control in the emulated car's on-board charger: it keeps what the grid operator asks of it by itself."""

from __future__ import annotations

from math import acos, tan
from typing import Any

from harness.exi.declare import Record
from harness.iso15118.der import DerFunction, curve_points
from harness.iso15118.order import name_of
from harness.ocpp.curves import interpolate

FUNCTIONS = DerFunction.VOLT_WATT | DerFunction.VOLT_VAR | DerFunction.DSO_Q_SETPOINT | DerFunction.DSO_COS_PHI_SETPOINT
"""What it can do beside the grid operator's discharge limit, which every such vehicle keeps (our default)."""
MAXIMUM_VAR = 5_000.0
"""Reactive power of its on-board charger, either way (our default)."""


class GridOrders:
    """What the station has handed on in this session."""

    def __init__(self) -> None:
        self.obeys = True
        self.obeys_reactive = True
        self._volt_watt: tuple[float, float] | None = None
        self._volt_var: tuple[tuple[float, float], ...] = ()
        self._most_w = float("inf")
        self._setpoint_var: float | None = None
        self._power_factor: tuple[float, bool] | None = None
        """Cos phi, and whether reactive power is given to the grid."""

    def take(self, request: Record, response: Record) -> None:
        """Keep what is in an answer; a new parameter discovery begins anew."""
        content = response.__dict__
        if name_of(request) == "AC_ChargeParameterDiscoveryReq":
            self._volt_watt, self._most_w = None, float("inf")
            self._setpoint_var = self._power_factor = None
            self._volt_var = ()
            control = getattr(content["energy_transfer_mode"], "der_control", None)
            support = control.active_power_support if control else None
            if support and support.volt_watt:
                self._volt_watt = float(support.volt_watt.u_start), float(support.volt_watt.u_stop)
            reactive = control.reactive_power_support if control else None
            if reactive and reactive.volt_var:
                self._volt_var = curve_points(reactive.volt_var)
        elif name_of(request) == "AC_ChargeLoopReq":
            self._take_loop(content["control_mode"])

    def _take_loop(self, content: Any) -> None:
        limit = getattr(content, "dso_maximum_discharge_power", None)
        reactive, factor = (getattr(content, name, None) for name in ("dsoq_setpoint", "dso_cos_phi_setpoint"))
        self._most_w = float("inf") if limit is None else abs(float(limit))
        self._setpoint_var = None if reactive is None else float(reactive.dsoq_setpoint_value)
        self._power_factor = None
        if factor is not None:
            self._power_factor = float(factor.dso_cos_phi_setpoint_value), str(factor.excitation) == "OverExcited"

    def shaped_w(self, power_w: float, maximum_discharge_w: float, voltage_v: float) -> float:
        """The power after the orders: they only ever lower what is given back."""
        most_w = min(self._most_w, maximum_discharge_w * self._share(voltage_v))
        return max(power_w, -most_w) if self.obeys else power_w

    def reactive_var(self, power_w: float, voltage_v: float) -> float:
        """Reactive power beside this active one, positive drawn from the grid; a set point goes before a power factor, and
        that before the voltage curve (our default)."""
        wanted_var = 0.0
        if self._setpoint_var is not None:
            wanted_var = self._setpoint_var
        elif self._power_factor is not None:
            cos_phi, gives = self._power_factor
            wanted_var = abs(power_w) * tan(acos(min(max(cos_phi, 0.1), 1.0))) * (-1.0 if gives else 1.0)
        elif self._volt_var:
            wanted_var = interpolate(self._volt_var, voltage_v)
        return min(max(wanted_var, -MAXIMUM_VAR), MAXIMUM_VAR) if self.obeys_reactive else 0.0

    def _share(self, voltage_v: float) -> float:
        """Of the maximum discharge power, by the voltage: all below the first voltage, none above the second."""
        if self._volt_watt is None:
            return 1.0
        start_v, stop_v = self._volt_watt
        if voltage_v <= start_v:
            return 1.0
        return max(0.0, (stop_v - voltage_v) / (stop_v - start_v)) if stop_v > start_v else 0.0
