"""The vehicle's agent in ISO 15118-2: one session from SessionSetup on, without any input or output.

It takes over from `harness.iso15118.evcc.EvccSession` when the station has chosen this protocol. External payment,
charging only; what the car is and wants comes from the same `Vehicle`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.exi.declare import Record
from harness.iso15118.calling import Calling
from harness.iso15118.errors import LocalProtocolError
from harness.iso15118.intent import Intent
from harness.iso15118.iso2 import evcc_requests
from harness.iso15118.iso2.documents import document
from harness.iso15118.iso2.order import STATES, step_after
from harness.iso15118.iso2.timing import CABLE_CHECK_S, LOOP_S, ONGOING_S, PRE_CHARGE_S, message_timeout_s
from harness.iso15118.messages.iso2.types import ChargeProgress, EnergyTransferMode
from harness.iso15118.order import State, content_of, name_of
from harness.iso15118.quantities import changed
from harness.iso15118.vehicle import Vehicle


@dataclass(frozen=True, slots=True)
class Iso2EvccConfig:
    """`modes`: in order of preference. Periods are our defaults."""

    evcc_id: bytes = bytes.fromhex("025046540001")
    """The address of its interface (a locally administered one)."""
    modes: tuple[EnergyTransferMode, ...] = (EnergyTransferMode.DC_extended, EnergyTransferMode.DC_core)
    schedule_entries: int = 24
    """MaxEntriesSAScheduleTuple: as many as a ChargingProfile has room for."""
    loop_period_s: float = 0.2
    poll_period_s: float = 0.1
    loop_timeout_s: float = LOOP_S
    pre_charge_tolerance_v: float = 20.0
    safe_voltage_v: float = 60.0
    welding_polls: int = 20


def _after_parameters(session: Iso2EvccSession) -> str:
    return "PowerDeliveryReq" if session.ac else "CableCheckReq"


def _after_pre_charge(session: Iso2EvccSession) -> str:
    return "PowerDeliveryReq" if session.pre_charged else "PreChargeReq"


def _with_power(session: Iso2EvccSession) -> str:
    return f"{session.loop}Req" if session.intent is Intent.CHARGE else "PowerDeliveryReq"


def _after_power(session: Iso2EvccSession) -> str:
    return "SessionStopReq" if session.ac or session.discharged else "WeldingDetectionReq"


NEXT: Mapping[str, str | Callable[[Iso2EvccSession], str]] = {
    "supportedAppProtocolReq": "SessionSetupReq",
    "SessionSetupReq": "ServiceDiscoveryReq",
    "ServiceDiscoveryReq": "PaymentServiceSelectionReq",
    "ServiceDetailReq": "PaymentServiceSelectionReq",
    "PaymentServiceSelectionReq": "AuthorizationReq",
    "AuthorizationReq(Ongoing)": "AuthorizationReq",
    "AuthorizationReq": "ChargeParameterDiscoveryReq",
    "ChargeParameterDiscoveryReq(Ongoing)": "ChargeParameterDiscoveryReq",
    "ChargeParameterDiscoveryReq": _after_parameters,
    "CableCheckReq(Ongoing)": "CableCheckReq",
    "CableCheckReq": "PreChargeReq",
    "PreChargeReq": _after_pre_charge,
    "PowerDeliveryReq(Start)": _with_power,
    "CurrentDemandReq": _with_power,
    "ChargingStatusReq": _with_power,
    "PowerDeliveryReq(Renegotiate)": "ChargeParameterDiscoveryReq",
    "PowerDeliveryReq(Stop)": _after_power,
    "WeldingDetectionReq": _after_power,
}
"""What a well-behaved vehicle asks next, by step: a name, or a function of the session that gives one."""

_WAITS = {
    State.AUTHORIZATION_ONGOING: ONGOING_S,
    State.SCHEDULE_ONGOING: ONGOING_S,
    State.CABLE_CHECK_ONGOING: CABLE_CHECK_S,
    State.PRE_CHARGE_ONGOING: PRE_CHARGE_S,
    State.WELDING_ONGOING: ONGOING_S,
}
"""For how long the vehicle is patient."""
_BEFORE = frozenset({State.NEGOTIATED})
_LIVE = frozenset({State.POWER_ON, State.LOOP})
_CLOSING = (Intent.STOP, Intent.PAUSE, Intent.RENEGOTIATE_SERVICE, Intent.STANDBY)
"""What leads out of a session here; standby and other services do not exist, so that a vehicle that wants them ends."""
_ENDING = frozenset({State.POWER_OFF, State.WELDING_ONGOING})


class Iso2EvccSession(Calling):
    """`paused`: the id of a session to resume."""

    message_set = "iso2"

    def __init__(self, config: Iso2EvccConfig, vehicle: Vehicle, *, now_s: float, paused: bytes = b"") -> None:
        super().__init__(vehicle)
        self.config = config
        self.step = "supportedAppProtocolReq"
        self.state = STATES[self.step]
        self.session_id = paused or bytes(8)
        self.resumed = False
        self.reacts_to = {"StopCharging", "ReNegotiation"}
        self.evse_id = ""
        self.mode = config.modes[0]
        self.schedules: tuple[Any, ...] = ()
        self.chosen: Any = None
        """The SAScheduleTuple that the vehicle has chosen."""
        self.profile: tuple[tuple[int, float], ...] = ()
        """(begin s, W) of what it will take, from power-on."""
        self.power_on_at_s = now_s
        self.station_voltage_v = 0.0
        self.pre_charged = False
        self.discharged = False
        self.welding_polls = 0
        self._state_since_s = now_s

    @property
    def ac(self) -> bool:
        return str(self.mode).startswith("AC")

    @property
    def loop(self) -> str:  # type: ignore[override]
        return "ChargingStatus" if self.ac else "CurrentDemand"

    @property
    def progress(self) -> ChargeProgress:
        """What PowerDelivery is to do now."""
        if self.state not in _LIVE:
            return ChargeProgress.Start
        renegotiates = self.intent is Intent.RENEGOTIATE_SCHEDULE
        return ChargeProgress.Renegotiate if renegotiates else ChargeProgress.Stop

    @property
    def next_name(self) -> str | None:
        if self.ended:
            return None
        leaving = self.intent in _CLOSING or bool(self.reason)
        if leaving and self.state not in _LIVE | _BEFORE | _ENDING:
            return "SessionStopReq"
        follow = NEXT[self.step]
        return follow if isinstance(follow, str) else follow(self)

    def draft(self, name: str, now_s: float, **changes: Any) -> Record:
        build = evcc_requests.REQUESTS.get(name)
        if build is None:
            raise LocalProtocolError(f"no request of ISO 15118-2 is called {name}")
        made = document(self.session_id, build(self, now_s))
        return changed(made, **changes) if changes else made

    @property
    def next_at_s(self) -> float:
        if self.state is State.LOOP and self.intent is Intent.CHARGE:
            return self._sent_at_s + self.config.loop_period_s
        return self._sent_at_s + (self.config.poll_period_s if self.state in _WAITS else 0.0)

    def answer_timeout_s(self, request: Record) -> float:
        name = name_of(request)
        return self.config.loop_timeout_s if name == "CurrentDemandReq" else message_timeout_s(name)

    def received(self, response: Record, now_s: float) -> None:
        request = self._awaited(response)
        self._check_session(request, response)
        asked, answer = content_of(request), content_of(response)
        code = str(answer.response_code)
        before = self.state
        if code.startswith("FAILED"):
            self.state = State.FAILED
            self.reason = self.reason or f"{name_of(response)}: {code}"
        else:
            self._advance(name_of(request), asked, answer)
            evcc_requests.take(self, response, asked, answer, now_s)
        self._watch(before, now_s)
        self.vehicle.received(request, response)

    def _advance(self, name: str, asked: Any, answer: Any) -> None:
        self.step = step_after(name, asked, answer)
        pausing = name == "SessionStopReq" and asked.charging_session == "Pause"
        self.state = State.PAUSED if pausing else STATES[self.step]
        if self.state is State.RENEGOTIATING:
            self.intent = Intent.CHARGE
            self.pre_charged = False

    def _watch(self, before: State, now_s: float) -> None:
        """End the session when the station keeps us waiting for too long."""
        if self.state is not before:
            self._state_since_s = now_s
        limit_s = _WAITS.get(self.state)
        if limit_s is not None and now_s + self.config.poll_period_s - self._state_since_s >= limit_s:
            self.stop_for(f"{self.state} for {limit_s:g} s")

    def react(self, notification: str) -> None:
        """Follow a notification of the station, if we are a vehicle that does."""
        if notification not in self.reacts_to:
            return
        if notification == "StopCharging":
            self.intent = Intent.STOP
        elif self.state in _LIVE and self.intent is Intent.CHARGE:
            self.intent = Intent.RENEGOTIATE_SCHEDULE

    def allowed_w(self, now_s: float) -> float:
        """What the vehicle's own profile has for now, W."""
        elapsed_s = now_s - self.power_on_at_s
        begun = [power_w for begin_s, power_w in self.profile if begin_s <= elapsed_s]
        return begun[-1] if begun else self.vehicle.limits.maximum_charge_power_w
