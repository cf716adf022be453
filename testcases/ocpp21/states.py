"""Reusable states, as in certification: each first establishes the state that it needs, none is assumed.

await reach(EnergyTransferStarted, ground)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harness.bench import Bench
from harness.case import current_case, step
from harness.limits import Limits
from harness.ocpp.inbox import Received
from harness.ocpp.station_handle import StationHandle
from harness.verdict import Side


@dataclass(frozen=True, slots=True)
class Ground:
    """What a state is established on."""

    bench: Bench
    station: StationHandle

    @property
    def limits(self) -> Limits:
        return self.bench.limits


@dataclass(frozen=True, slots=True)
class State:
    """`before` is the state that it starts from; `enter` does the rest."""

    name: str
    before: State | None
    enter: Callable[[Ground], Awaitable[None]]


async def reach(state: State, ground: Ground) -> None:
    """Establish a state from idle; what fails on the way makes the case inconclusive."""
    with current_case().preamble():
        await _reach(state, ground)


async def _reach(state: State, ground: Ground) -> None:
    if state.before:
        await _reach(state.before, ground)
    step(f"state: {state.name}")
    await state.enter(ground)


def permitted(station: StationHandle, since_s: float) -> list[Received]:
    """Events by which somebody may charge: a transaction for a token, or power. One that begins with the plug alone
    (TxStartPoint EVConnected) is none."""
    told = [one for one in station.received if one.action == "TransactionEvent" and one.at_s > since_s]
    return [one for one in told if (one.payload["eventType"] == "Started" and "idToken" in one.payload)
            or one.payload.get("transactionInfo", {}).get("chargingState") == "Charging"]  # fmt: skip


async def _booted(ground: Ground) -> None:
    await ground.station.booted(ground.limits.session_s)


async def _plugged(ground: Ground) -> None:
    ground.station.forget()
    await ground.bench.plug_in()


async def _authorised(ground: Ground) -> None:
    await ground.station.expect("TransactionEvent", {"eventType": "Started"}, within_s=ground.limits.session_s)


async def _needs_told(ground: Ground) -> None:
    await ground.station.expect("NotifyEVChargingNeeds", within_s=ground.limits.session_s)


async def _charging(ground: Ground) -> None:
    await ground.station.expect(
        "TransactionEvent", {"transactionInfo.chargingState": "Charging"}, within_s=ground.limits.session_s
    )
    if ground.station.transaction_id is None:
        current_case().miss("the station told the CSMS of no transaction", Side.STATION)


async def _offline(ground: Ground) -> None:
    await ground.station.keep_out()


Booted = State("booted", None, _booted)
EVConnected = State("vehicle connected", Booted, _plugged)
Authorized = State("authorised, transaction started", EVConnected, _authorised)
NeedsTold = State("vehicle's needs told", Authorized, _needs_told)
EnergyTransferStarted = State("energy transfer started", NeedsTold, _charging)
OfflineInTransfer = State("offline during the energy transfer", EnergyTransferStarted, _offline)
