"""DER control in the emulated car's on-board charger: it keeps what the grid operator asks of it by itself."""

from __future__ import annotations

from harness.exi.declare import Record
from harness.iso15118.der import DerFunction
from harness.iso15118.order import name_of

FUNCTIONS = DerFunction.VOLT_WATT
"""What it can do beside the grid operator's discharge limit, which every such vehicle keeps (our default)."""


class GridOrders:
    """What the station has handed on in this session."""

    def __init__(self) -> None:
        self.obeys = True
        self._volt_watt: tuple[float, float] | None = None
        self._most_w = float("inf")

    def take(self, request: Record, response: Record) -> None:
        """Keep what is in an answer; a new parameter discovery begins anew."""
        content = response.__dict__
        if name_of(request) == "AC_ChargeParameterDiscoveryReq":
            self._volt_watt, self._most_w = None, float("inf")
            control = getattr(content["energy_transfer_mode"], "der_control", None)
            support = control.active_power_support if control else None
            if support and support.volt_watt:
                self._volt_watt = float(support.volt_watt.u_start), float(support.volt_watt.u_stop)
        elif name_of(request) == "AC_ChargeLoopReq":
            limit = getattr(content["control_mode"], "dso_maximum_discharge_power", None)
            self._most_w = float("inf") if limit is None else abs(float(limit))

    def shaped_w(self, power_w: float, maximum_discharge_w: float, voltage_v: float) -> float:
        """The power after the orders: they only ever lower what is given back."""
        most_w = min(self._most_w, maximum_discharge_w * self._share(voltage_v))
        return max(power_w, -most_w) if self.obeys else power_w

    def _share(self, voltage_v: float) -> float:
        """Of the maximum discharge power, by the voltage: all below the first voltage, none above the second."""
        if self._volt_watt is None:
            return 1.0
        start_v, stop_v = self._volt_watt
        if voltage_v <= start_v:
            return 1.0
        return max(0.0, (stop_v - voltage_v) / (stop_v - start_v)) if stop_v > start_v else 0.0
