"""Where energy meters keep their values: tables from the makers' register lists as open tools carry them (0-based)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.modbus import WORDS, Kind, Space


@dataclass(frozen=True, slots=True)
class Register:
    """One value; `scale` is what one count is worth in W, V, A, Hz or Wh."""

    address: int
    kind: Kind
    scale: float = 1.0

    @property
    def words(self) -> int:
        return WORDS[self.kind]


_HIGHEST = {kind: 2 ** (16 * words - (kind[0] == "i")) - 1 for kind, words in WORDS.items() if kind[0] != "f"}


@dataclass(frozen=True, slots=True)
class MeterMap:
    """One product's table. Quantities: power_w, voltage_v_1..3, current_a_1..3, frequency_hz, imported_wh, exported_wh;
    where it has them reactive_var, apparent_va, power_factor, voltage_thd_percent_1..3."""

    maker: str
    model: str
    space: Space
    registers: dict[str, Register]
    low_word_first: bool = False
    marks_absence: bool = False
    """The highest count of a register's own kind (all ones, or 7FFF..) stands for 'not available'."""

    def absent(self, register: Register, count: float) -> bool:
        return self.marks_absence and count == _HIGHEST.get(register.kind)


def _phases(name: str, first: int, step: int, kind: Kind, scale: float = 1.0) -> dict[str, Register]:
    return {f"{name}_{phase + 1}": Register(first + phase * step, kind, scale) for phase in range(3)}


_EASTRON = {
    **_phases("voltage_v", 0x0000, 2, "f32"),
    **_phases("current_a", 0x0006, 2, "f32"),
    **_phases("power_w", 0x000C, 2, "f32"),
    "power_w": Register(0x0034, "f32"),
    "apparent_va": Register(0x0038, "f32"),
    "power_factor": Register(0x003E, "f32"),
    "reactive_var": Register(0x003C, "f32"),
    "frequency_hz": Register(0x0046, "f32"),
    "imported_wh": Register(0x0048, "f32", 1000.0),
    "exported_wh": Register(0x004A, "f32", 1000.0),
}

SDM630 = MeterMap("Eastron", "SDM630", "input", {**_EASTRON, **_phases("voltage_thd_percent", 0x00EA, 2, "f32")})
SDM72 = MeterMap("Eastron", "SDM72D-M-2", "input", _EASTRON)
EM340 = MeterMap(
    "Carlo Gavazzi",
    "EM340",
    "input",
    {
        **_phases("voltage_v", 0x0000, 2, "i32", 0.1),
        **_phases("current_a", 0x000C, 2, "i32", 0.001),
        **_phases("power_w", 0x0012, 2, "i32", 0.1),
        "power_w": Register(0x0028, "i32", 0.1),
        "power_factor": Register(0x0031, "i16", 0.001),
        "frequency_hz": Register(0x0033, "i16", 0.1),
        "imported_wh": Register(0x0034, "i32", 100.0),
        "exported_wh": Register(0x004E, "i32", 100.0),
    },
    low_word_first=True,
)
ABB_B = MeterMap(
    "ABB",
    "B23",
    "holding",
    {
        **_phases("voltage_v", 0x5B00, 2, "u32", 0.1),
        **_phases("current_a", 0x5B0C, 2, "u32", 0.01),
        "power_w": Register(0x5B14, "i32", 0.01),
        **_phases("power_w", 0x5B16, 2, "i32", 0.01),
        "frequency_hz": Register(0x5B2C, "u16", 0.01),
        "power_factor": Register(0x5B3A, "i16", 0.001),
        "imported_wh": Register(0x5000, "u64", 10.0),
        "exported_wh": Register(0x5004, "u64", 10.0),
    },
    marks_absence=True,
)
