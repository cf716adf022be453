"""ABB B-series (B21, B23, B24), scaled integers by function 3."""

from __future__ import annotations

from drivers.meter_registers import ABB_B
from drivers.modbus_meter import ModbusMeter


class Driver(ModbusMeter):
    map = ABB_B
