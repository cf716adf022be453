"""Carlo Gavazzi EM330 / EM340, scaled integers with the low word first."""

from __future__ import annotations

from drivers.meter_registers import EM340
from drivers.modbus_meter import ModbusMeter


class Driver(ModbusMeter):
    map = EM340
