"""Meter values: what the station's meter reads, as OCPP's sampled values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from harness.ocpp.frames import Payload
from harness.ocpp.timestamps import to_text


@dataclass(frozen=True, slots=True)
class Readings:
    """One look at the meter of an EVSE. Powers and currents are positive towards the vehicle; registers only grow."""

    power_w: float = 0.0
    """At the grid side of the EVSE."""
    imported_wh: float = 0.0
    """Energy from the grid since the meter was made."""
    exported_wh: float = 0.0
    """Energy into the grid since the meter was made."""
    voltage_v: float = 0.0
    """At the outlet, as is the current."""
    current_a: float = 0.0
    frequency_hz: float = 50.0
    grid_voltage_v: float = 230.0
    """Phase to neutral, at the EVSE's grid side."""
    soc_percent: float | None = None
    phase_power_w: tuple[float, ...] = ()
    """The power by phase, at the grid side; empty where the meter does not tell it."""
    interval_imported_wh: float | None = None
    """Since the sample before; None for the first one."""
    interval_exported_wh: float | None = None
    building_load_w: float | None = None
    """Import at the site's meter, EVSE included; None where the site has none."""


class Meter(Protocol):
    """Where readings come from: the plant, in an emulated charger."""

    def readings(self) -> Readings: ...


Sample = Callable[[Readings, float | None], float | None]

SAMPLES: dict[str, tuple[str, str, Sample]] = {
    "Energy.Active.Import.Register": ("Wh", "Inlet", lambda r, _: r.imported_wh),
    "Energy.Active.Export.Register": ("Wh", "Inlet", lambda r, _: r.exported_wh),
    "Energy.Active.Import.Interval": ("Wh", "Inlet", lambda r, _: r.interval_imported_wh),
    "Energy.Active.Export.Interval": ("Wh", "Inlet", lambda r, _: r.interval_exported_wh),
    "Energy.Active.Net": ("Wh", "Inlet", lambda r, _: r.imported_wh - r.exported_wh),
    "Power.Active.Import": ("W", "Inlet", lambda r, _: max(r.power_w, 0.0)),
    "Power.Active.Export": ("W", "Inlet", lambda r, _: max(-r.power_w, 0.0)),
    "Power.Active.Setpoint": ("W", "Inlet", lambda _, setpoint_w: setpoint_w),
    "Voltage": ("V", "Outlet", lambda r, _: r.voltage_v),
    "Current.Import": ("A", "Outlet", lambda r, _: max(r.current_a, 0.0)),
    "Current.Export": ("A", "Outlet", lambda r, _: max(-r.current_a, 0.0)),
    "Frequency": ("Hz", "Inlet", lambda r, _: r.frequency_hz),
    "SoC": ("Percent", "EV", lambda r, _: r.soc_percent),
}
"""Measurand: unit, location, and value from the readings and the present setpoint (W, signed); None is left out.

Inlet is the station's grid side, where power and energy are metered; Outlet its DC side."""

_PHASE_SIGNS = {"Power.Active.Import": 1, "Power.Active.Export": -1}
"""Measurands that are told by phase too, and the sign of what they count."""


def meter_value(
    measurands: Iterable[str], readings: Readings, setpoint_w: float | None, context: str, at_s: float
) -> Payload | None:
    """MeterValueType of the measurands that have a value; None if there is none (the schema wants at least one)."""
    samples: list[Payload] = []
    for measurand in measurands:
        if measurand not in SAMPLES:
            continue
        unit, location, read = SAMPLES[measurand]
        value = read(readings, setpoint_w)
        if value is None:
            continue
        sample = {"measurand": measurand, "context": context, "location": location, "unitOfMeasure": {"unit": unit}}
        samples.append({"value": round(value, 3), **sample})
        if sign := _PHASE_SIGNS.get(measurand):
            by_phase = enumerate(readings.phase_power_w, 1)
            samples += [{"value": round(max(sign * w, 0.0), 3), **sample, "phase": f"L{n}"} for n, w in by_phase]
    return {"timestamp": to_text(at_s), "sampledValue": samples} if samples else None


def sampled(meter_values: Iterable[Payload], measurand: str) -> float | None:
    """The last value over all phases of a measurand in a list of MeterValueType, in its base unit; None if there is none."""
    found: float | None = None
    for value in meter_values:
        for sample in value["sampledValue"]:
            if sample.get("measurand", "Energy.Active.Import.Register") == measurand and "phase" not in sample:
                unit = sample.get("unitOfMeasure", {})
                scale = 1000.0 if unit.get("unit", "").startswith("k") else 1.0
                found = float(sample["value"]) * scale * 10.0 ** unit.get("multiplier", 0)
    return found
