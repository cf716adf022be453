"""A DER at the grid side of the station: SunSpec models 1, 701 (measurement), 702 (capacity), 713 (storage), Modbus TCP."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from sunspec2.device import Model

from drivers.emulators.defects import Defect
from drivers.emulators.modbus_device import ModbusDevice, modbus_defects, serve_registers
from drivers.emulators.process import Request
from drivers.modbus import Space

_ROLE, _CONTRACT = "energy_meter", "tests/drivers/test_sunspec.py"
_BASE = 40_000
_END = (0xFFFF, 0)
DEFECTS = (
    *modbus_defects(_ROLE, "der", _CONTRACT),
    Defect(
        "der-load-sign", _ROLE, "modbus", "our default", "counts power as a load does, against model 701", _CONTRACT
    ),
    Defect("der-no-mark", _ROLE, "modbus", "our default", "lacks the SunS mark", _CONTRACT),
)


class SunSpecDer(ModbusDevice):
    """Register image from pysunspec2's own model definitions."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(int(request.option("unit", 1)), request.defects)
        self.plant = request.plant
        self.serial = str(request.option("serial", "DER-0001"))

    def words(self, space: Space, _now_s: float) -> dict[int, int]:
        if space != "holding":
            return {}
        mark = (0, 0) if self.has("no-mark") else struct.unpack(">HH", b"SunS")
        image = [*mark, *self._common(), *self._measurement(), *self._capacity(), *self._storage(), *_END]
        return dict(enumerate(image, _BASE))

    def _common(self) -> Sequence[int]:
        return _encoded(1, {"Mn": "Plugfest", "Md": "Emulated DER", "SN": self.serial, "Vr": "1.0", "DA": self.unit})

    def _measurement(self) -> Sequence[int]:
        state = self.plant.state
        sign = 1 if self.has("load-sign") else -1
        return _encoded(
            701,
            {
                "ACType": 2,
                "W": round(sign * state.grid_power_w),
                "W_SF": 0,
                "Hz": round(state.grid_frequency_hz * 100),
                "Hz_SF": -2,
                "LNV": round(state.grid_voltage_v * 10),
                "V_SF": -1,
                "TotWhInj": round(state.grid_exported_wh),
                "TotWhAbs": round(state.grid_imported_wh),
                "TotWh_SF": 0,
            },
        )

    def _capacity(self) -> Sequence[int]:
        """Ratings as the plant's converter (our default)."""
        return _encoded(702, {"WMaxRtg": 22_000, "WChaRteMaxRtg": 22_000, "WDisChaRteMaxRtg": 22_000, "W_SF": 0})

    def _storage(self) -> Sequence[int]:
        return _encoded(713, {"SoC": round(self.plant.state.soc * 1000), "Pct_SF": -1})


def _encoded(number: int, values: dict[str, object]) -> Sequence[int]:
    """Registers of a model with these points; all others say 'not implemented'."""
    model = Model(number)
    for name, value in values.items():
        model.points[name].value = value
    octets = model.get_mb()
    found = list(struct.unpack(f">{len(octets) // 2}H", octets))
    found[1] = len(found) - 2
    return found


build: Callable[[Request], SunSpecDer] = SunSpecDer
OWNER = "observer"
LISTEN = "127.0.0.1:0"

if __name__ == "__main__":
    serve_registers("sunspec_der", OWNER, build, LISTEN)
