"""The charger's agent in ISO 15118-2: one session from SessionSetup on, without any input or output.

It takes over from `harness.iso15118.secc.SeccSession` when the vehicle has chosen this protocol, and does to the same
`Station` what that does. Events leave as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.exi.declare import Record
from harness.iso15118.answering import Refused
from harness.iso15118.errors import Unexpected
from harness.iso15118.iso2 import secc_power, secc_setup  # noqa: F401 - they register their answers
from harness.iso15118.iso2.answering import ANSWERS, filled
from harness.iso15118.iso2.documents import document
from harness.iso15118.iso2.order import STATES, permitted, step_after
from harness.iso15118.iso2.timing import SEQUENCE_S, STATION_ONGOING_S
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.messages.iso2.document import V2GMessage
from harness.iso15118.messages.iso2.types import EnergyTransferMode, EVSENotification, IsolationLevel
from harness.iso15118.order import State, content_of, name_of
from harness.iso15118.quantities import Limits
from harness.iso15118.services import Energy
from harness.iso15118.serving import Serving
from harness.iso15118.station import Scheduler, Station, What

MODES = (
    (Energy.DC, EnergyTransferMode.DC_extended),
    (Energy.DC, EnergyTransferMode.DC_core),
    (Energy.AC, EnergyTransferMode.AC_three_phase_core),
    (Energy.AC, EnergyTransferMode.AC_single_phase_core),
)
"""What a charger with services of such an energy offers here, the best first."""

_NOTIFICATIONS: Mapping[EvseNotification, EVSENotification] = {
    EvseNotification.Terminate: EVSENotification.StopCharging,
    EvseNotification.ScheduleRenegotiation: EVSENotification.ReNegotiation,
}
"""What of ISO 15118-20 can be said here; a pause by the station cannot."""

_MOMENTS: Mapping[State, What] = {
    State.POWER_OFF: What.POWER_OFF,
    State.RENEGOTIATING: What.RENEGOTIATED,
    State.PAUSED: What.PAUSED,
    State.TERMINATED: What.STOPPED,
    State.POWER_ON: What.POWER_ON,
}


@dataclass(frozen=True, slots=True)
class Iso2SeccConfig:
    evse_id: str = "DE*PFT*E000001"
    modes: tuple[EnergyTransferMode, ...] = (EnergyTransferMode.DC_extended, EnergyTransferMode.DC_core)
    """Offered energy transfer modes."""
    meter: bool = True
    ongoing: Mapping[str, int] = field(default_factory=dict)
    """How many times a request (by name) is answered Ongoing before the answer is given."""


class Iso2SeccSession(Serving):
    """`memory`: paused sessions of the outlet with their vehicles' ids; `new_id` gives session ids."""

    message_set = "iso2"

    def __init__(
        self,
        config: Iso2SeccConfig,
        station: Station,
        *,
        now_s: float,
        memory: dict[bytes, str],
        new_id: Callable[[], bytes],
    ) -> None:
        super().__init__(station, now_s)
        self.config = config
        self.memory = memory
        self.new_id = new_id
        self.step = "supportedAppProtocolReq"
        self.state = STATES[self.step]
        self.session_id = bytes(8)
        self.evcc_id = ""
        self.mode: EnergyTransferMode | None = None
        self.vehicle_limits: Limits | None = None
        self.scheduler: Scheduler | None = None
        """Who makes the schedules."""
        self.schedules: tuple[tuple[tuple[int, float], ...], ...] = ()
        """As they were offered last; tuple ids count from 1."""
        self.chosen = 1
        self.notification = EVSENotification.None_
        self.max_delay_s = 0
        self.isolation = IsolationLevel.Invalid
        self.identification_told = False
        self.needs_told = False
        self._answered_at_s = now_s

    @property
    def energy(self) -> Energy | None:
        """Of the energy transfer mode that the vehicle has asked for; None before that."""
        return None if self.mode is None else Energy(str(self.mode)[:2])

    @property
    def live(self) -> bool:
        """Whether power may flow."""
        return self.state in (State.POWER_ON, State.LOOP)

    @property
    def deadline_s(self) -> float:
        return (self._answered_at_s or 0.0) + SEQUENCE_S

    def notify(self, notification: EvseNotification, max_delay_s: int = 0) -> None:
        self.notification = _NOTIFICATIONS.get(notification, EVSENotification.None_)
        self.max_delay_s = max_delay_s

    def first_polls_ongoing(self, name: str) -> bool:
        """Count a request and tell whether it must still be answered Ongoing, by the config."""
        return self.polled(name, self.config.ongoing.get(name, 0))

    def answer(self, request: Record, now_s: float) -> Record | None:
        name = name_of(request)
        if not isinstance(request, V2GMessage) or name not in ANSWERS or self.ended:
            raise Unexpected(f"{name} in state {self.state}")
        if self._arrived_at_s is None:
            self._arrived_at_s = now_s
        content = content_of(request)
        response = self._answer(name, request, content, now_s)
        if response is None:
            return None
        self._conclude(name, content, response, now_s)
        return document(self.session_id, response)  # type: ignore[arg-type]

    def _answer(self, name: str, request: V2GMessage, content: Record, now_s: float) -> Record | None:
        carried = request.header.session_id
        if name != "SessionSetupReq" and carried != self.session_id:
            return self.refuse(content, "FAILED_UnknownSession", "another session id")  # [V2G2-460]
        if not permitted(self.step, name) or not self._fits_the_energy(name):
            return self.refuse(content, "FAILED_SequenceError", f"{name} after {self.step}")  # [V2G2-538]
        try:
            if name == "SessionSetupReq":
                self.session_id = carried
            response = ANSWERS[name].answer(self, content, now_s)
        except Refused as refused:
            return self.refuse(content, refused.code, refused.because)
        waiting = response is not None and response.__dict__.get("evse_processing", "Finished") != "Finished"
        if self.ongoing_s(now_s, ongoing=waiting and name != "AuthorizationReq") > STATION_ONGOING_S:
            return self.refuse(content, "FAILED", f"{name} was ongoing for too long")
        return response

    def _fits_the_energy(self, name: str) -> bool:
        """Direct current checks the cable and charges before power goes on, alternating current does neither; a vehicle
        that renegotiates may skip both, as cars of the field do."""
        if name in ("CableCheckReq", "PreChargeReq", "CurrentDemandReq", "WeldingDetectionReq"):
            return self.energy is Energy.DC
        if name == "ChargingStatusReq":
            return self.energy is Energy.AC
        skips = name == "PowerDeliveryReq" and self.step == "ChargeParameterDiscoveryReq"
        return not skips or self.energy is Energy.AC or self.isolation is IsolationLevel.Valid

    def refuse(self, request: Record, code: str, because: str) -> Record:
        """A response with a FAILED code, its mandatory elements filled with valid values ([V2G2-736])."""
        self.reason = because
        return filled(self, request, response_code=code)

    def _conclude(self, name: str, request: Record, response: Record, now_s: float) -> None:
        self._arrived_at_s = None
        self._answered_at_s = now_s
        code = str(response.__dict__["response_code"])
        before = self.state
        if code.startswith("FAILED"):
            self.state = State.FAILED
            self.shut_down()
            self.tell(What.FAILED, now_s, code=code, reason=self.reason)
            return
        self.step = step_after(name, request, response)
        self.state = STATES[self.step]
        if name == "SessionStopReq" and request.__dict__["charging_session"] == "Pause":
            self.state = State.PAUSED
        if self.state is not before and self.state in _MOMENTS:
            self.tell(_MOMENTS[self.state], now_s, **({"reason": ""} if self.state is State.TERMINATED else {}))
