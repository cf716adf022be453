"""Limits and tolerances as data: each a number that knows where it comes from.

A lab file may override any of them under `limits:`; what it sets is then marked as the lab's own.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from harness.verdict import Limit, Source


class Setting(float):
    """A number with its source and, for a standard or publication, the reference."""

    source: Source
    reference: str

    def __new__(cls, value: float, source: Source = Source.OURS, reference: str = "") -> Setting:
        setting = super().__new__(cls, value)
        setting.source, setting.reference = source, reference
        return setting


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A band around a wanted value: `percent` of it, but never narrower than `floor` (in the value's unit)."""

    percent: float
    floor: float
    source: Source = Source.OURS
    reference: str = ""

    def around(self, wanted: float) -> Limit:
        width = max(abs(wanted) * self.percent / 100, self.floor)
        return Limit(wanted - width, wanted + width, self.source, self.reference)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a lab judges power by. All numbers here are our defaults: no public standard sets them for V2G."""

    tracking: Tolerance = Tolerance(5.0, 250.0)
    """Measured power against the setpoint in force, W, once settled."""
    agreement: Tolerance = Tolerance(8.0, 400.0)
    """What a protocol reports against what the analyser measures, W."""
    settling_s: Setting = Setting(15.0)
    """From a setpoint's acceptance until the power stays inside the tracking band."""
    reaction_s: Setting = Setting(5.0)
    """From a setpoint's acceptance until the power has left its old band towards the new one."""
    resume_s: Setting = Setting(60.0)
    """From the end of a pause until power flows again, nobody touching the vehicle."""
    session_s: Setting = Setting(60.0)
    """From plug-in until the first charge loop."""
    unplug_w: Setting = Setting(100.0)
    """Largest power at the grid side once a vehicle is unplugged (standby of the station)."""
    unplug_s: Setting = Setting(2.0)
    """From unplugging until the power is gone. The pilot-loss limit of 100 ms needs an oscilloscope, not this."""
    excess_a: Setting = Setting(0.5, Source.PUBLISHED, "paused and delayed charging, Nature Communications 2024")
    """Current per phase above an AC station's offer (our reading of a sentence that was shortened in print)."""
    offer_s: Setting = Setting(10.0)
    """From a charging profile's acceptance until the control pilot offers what it says."""
    ac_down_s: Setting = Setting(5.0)
    """From a lowered offer on the control pilot until the AC current is within it."""
    ac_up_s: Setting = Setting(30.0)
    """From a raised offer on the control pilot until the AC current has followed."""
    ac_window_s: Setting = Setting(10.0)
    """After a change of the offer the AC current is not held against it for so long."""
    ac_stuck_a: Setting = Setting(2.0)
    """How far a vehicle that could take more may stay below an offer."""
    gateway_latency_s: Setting = Setting(0.1)
    """From a signal's change on one bus to its change on the other, 99th percentile."""
    gateway_timeout_s: Setting = Setting(1.0)
    """From the loss of a message on one bus until the other bus shows the substitute value."""


def limits_from(overrides: Mapping[str, Any]) -> Limits:
    """The defaults with a lab's own values; raises ValueError naming the key and the nearest known one."""
    known = {field.name for field in fields(Limits)}
    limits = Limits()
    for name, value in overrides.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ValueError(f"limits.{name}: unknown limit; " + (f"did you mean {near[0]!r}?" if near else "see docs"))
        given = value if isinstance(value, Mapping) else {"value": value}
        source, reference = Source(given.get("source", Source.OURS)), str(given.get("reference", ""))
        old = getattr(limits, name)
        new: Setting | Tolerance
        if isinstance(old, Tolerance):
            new = Tolerance(
                float(given.get("percent", old.percent)), float(given.get("floor", old.floor)), source, reference
            )
        else:
            new = Setting(float(given["value"]), source, reference)
        limits = replace(limits, **{name: new})  # type: ignore[arg-type]
    return limits
