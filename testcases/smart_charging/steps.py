"""What several cases of the protocol do in the same way."""

from __future__ import annotations

from fixtures.ac import AcSession
from harness.case import current_case, step

AC = frozenset({"iec61851", "charger:ocpp2.1"})
V2G = frozenset({"iso15118-20", "dc_bpt", "dynamic", "charger:ocpp2.1"})
FLOOR_A = 6.0
"""The least that a duty cycle can offer."""
FAR_FROM_HOME = ("AC-12", "AC-13", "AC-14", "AC-15")
"""Cases of which a missed one is tried again with help: by the station, then by the user."""
LONG_S = {"AC-12": 1_200.0, "AC-13": 21_600.0, "AC-14": 1_200.0, "AC-15": 21_600.0}


def numbers(text: str) -> list[float]:
    """The numbers of a parameter such as "6, 8, 10"."""
    return [float(part) for part in text.split(",")]


async def after_a_pause(ac: AcSession, charge_s: float, pause_s: float) -> None:
    """Charging, a pause, and all is offered again."""
    await ac.charging()
    await ac.hold(charge_s)
    step(f"nothing is offered for {pause_s:g} s")
    await ac.pause(pause_s)
    step("the station offers all it can")
    await ac.full()


async def after_a_delay(ac: AcSession, delay_s: float) -> None:
    """Plugged in without an offer, and after a time there is one."""
    with current_case().preamble():
        step(f"the vehicle is plugged in, and nothing is offered for {delay_s:g} s")
        await ac.plug_in(limit=0.0)
        await ac.hold(delay_s)
    step("the station offers current")
    await ac.offer(FLOOR_A + 4.0)


async def again(ac: AcSession, missed: str, charge_s: float) -> None:
    """What the missed case did, up to the offer that was not taken."""
    if missed in ("AC-14", "AC-15"):
        await after_a_delay(ac, LONG_S[missed])
    else:
        await after_a_pause(ac, charge_s, LONG_S[missed])
