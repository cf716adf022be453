"""Eastron SDM72D-M v2, the smaller brother of SDM630 with the same layout."""

from __future__ import annotations

from drivers.meter_registers import SDM72
from drivers.modbus_meter import ModbusMeter


class Driver(ModbusMeter):
    map = SDM72
