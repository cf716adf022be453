"""What a second of plant costs: `make bench`. The limit is 50 us of processor time a second (our default)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from harness.plant.plant import Plant

SECONDS = 600
LIMIT_US = 50.0


def charging(power_w: float) -> Plant:
    """A session that has begun."""
    plant = Plant()
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"mode": "precharge", "target_voltage_v": 398.0, "contactor": True})
    plant.advance(2.0)
    plant.command("vehicle", {"contactor": True, "pilot_state": "C"})
    plant.command("station", {"mode": "power", "target_voltage_v": 460.0, "target_power_w": power_w})
    return plant


def alternating_current() -> Plant:
    plant = Plant()
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"contactor": True, "pilot_duty_percent": 26.7})
    plant.command("vehicle", {"pilot_state": "C", "ac_follows_pilot": True})
    return plant


def cost_us(make: Callable[[], Plant], every_s: float, touch: Callable[[Plant, int], None] | None = None) -> float:
    """Processor time of a second, in steps of `every_s`, best of three."""
    best = float("inf")
    for _ in range(3):
        plant = make()
        begin_s, count = plant.at_s, round(SECONDS / every_s)
        started = time.process_time()
        for index in range(1, count + 1):
            plant.advance(begin_s + index * every_s)
            if touch:
                touch(plant, index)
        best = min(best, (time.process_time() - started) / SECONDS * 1e6)
    return best


def look(plant: Plant, _: int) -> None:
    """What an instrument does."""
    plant.state  # noqa: B018


def steer(plant: Plant, index: int) -> None:
    """A new setpoint every 4 s."""
    if index % 80 == 0:
        plant.command("station", {"target_power_w": 9000.0 if index % 160 else -9000.0})


STORIES: tuple[tuple[str, Callable[[], Plant], float, Callable[[Plant, int], None] | None, bool], ...] = (
    ("idle, steps of 50 ms", Plant, 0.05, None, True),
    ("discharging 5 kW, steps of 1 s", lambda: charging(-5000.0), 1.0, None, True),
    ("discharging 5 kW, steps of 50 ms", lambda: charging(-5000.0), 0.05, None, True),
    ("discharging 5 kW, looked at every second", lambda: charging(-5000.0), 1.0, look, True),
    ("AC 16 A, steps of 50 ms", alternating_current, 0.05, None, True),
    ("18 kW back and forth every 4 s, steps of 50 ms", lambda: charging(9000.0), 0.05, steer, True),
    ("discharging 5 kW, looked at every 50 ms (for information)", lambda: charging(-5000.0), 0.05, look, False),
)


def main() -> int:
    slow = 0
    for name, make, every_s, touch, limited in STORIES:
        us = cost_us(make, every_s, touch)
        over = limited and us > LIMIT_US
        slow += over
        print(f"plant: {us:7.1f} us a second  {name}{'  OVER ' + format(LIMIT_US, 'g') if over else ''}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
