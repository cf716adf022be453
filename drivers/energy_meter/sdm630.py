"""Eastron SDM630, Modbus RTU or TCP gateway, float registers by function 4."""

from __future__ import annotations

from drivers.meter_registers import SDM630
from drivers.modbus_meter import ModbusMeter


class Driver(ModbusMeter):
    map = SDM630
