"""The charger's agent: one ISO 15118-20 session as seen from the SECC, without any input or output.

`SeccSession.answer` gives the right response to a request, whatever was asked when; what the charger is and can do
comes from a `Station`. What a controller may want to know leaves as `SessionEvent`s.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography import x509

from harness.exi.declare import Record
from harness.iso15118 import secc_loop, secc_power, secc_schedule, secc_setup  # noqa: F401 - they register their answers
from harness.iso15118.answering import ANSWERS, Refused, filled
from harness.iso15118.credential import Credential
from harness.iso15118.der import GridControl
from harness.iso15118.errors import Unexpected
from harness.iso15118.installation import Provisioning
from harness.iso15118.iso2.secc import MODES, Iso2SeccConfig, Iso2SeccSession
from harness.iso15118.messages.common_types import EvseNotification, EVSEStatus, MessageHeader
from harness.iso15118.messages.core import ISO2
from harness.iso15118.order import LIVE, State, after, name_of, permitted
from harness.iso15118.prices import Tariff
from harness.iso15118.profile import Profile
from harness.iso15118.quantities import Limits
from harness.iso15118.services import Control, Energy, EnergyOffer, NeedsBy, Service, namespaces_of
from harness.iso15118.serving import Serving
from harness.iso15118.signature import Verification
from harness.iso15118.station import Scheduler, Slots, Station, What
from harness.iso15118.timing import LOOPS, timer


@dataclass(frozen=True, slots=True)
class PausedSession:
    """What a charger keeps over a pause. `binding` ties it to the vehicle ([V2G20-2622] and following)."""

    binding: bytes
    service: Service
    offer: EnergyOffer
    authorization: str


class SessionMemory:
    """Sessions that were paused on one outlet, and all session ids that were ever given."""

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self.paused: dict[bytes, PausedSession] = {}
        self.older: dict[bytes, str] = {}
        """Paused sessions of ISO 15118-2, each with its vehicle's id."""
        self._given: set[bytes] = {bytes(8)}
        self.random = random

    def new_id(self) -> bytes:
        """Eight octets from the random source, never zero, never given before ([V2G20-2621])."""
        made = bytes(8)
        while made in self._given:
            made = self.random(8)
        self._given.add(made)
        return made

    def challenge(self) -> bytes:
        """Sixteen octets for GenChallenge ([V2G20-2607])."""
        return self.random(16)


@dataclass(frozen=True, slots=True)
class StationNeeds:
    """Mobility needs that the station states where the vehicle leaves that to it; departure counts from the session's
    start (our defaults)."""

    departure_s: int = 36_000
    target_soc_percent: int = 80
    minimum_soc_percent: int = 20


@dataclass(frozen=True, slots=True)
class SeccConfig:
    """`offers`: parameter sets by service, in the order in which they are announced."""

    evse_id: str = "DE*PFT*E000001"
    offers: Mapping[Service, tuple[EnergyOffer, ...]] = field(
        default_factory=lambda: {
            Service.DC_BPT: (EnergyOffer(1, Control.DYNAMIC), EnergyOffer(2, Control.SCHEDULED)),
            Service.DC: (EnergyOffer(1, Control.DYNAMIC), EnergyOffer(2, Control.SCHEDULED)),
        }
    )
    protocols: tuple[str, ...] = ("iso15118-20",)
    """iso15118-20, iso15118-2: what may be negotiated."""
    vas: tuple[Service, ...] = ()
    eim: bool = True
    pnc: bool = False
    providers: tuple[str, ...] = ()
    service_renegotiation: bool = True
    standby: bool = True
    meter: bool = True
    ongoing: Mapping[str, int] = field(default_factory=dict)
    """How many times a request (by name) is answered Ongoing before the answer is given."""
    nominal_frequency_hz: float = 50.0
    schedule: tuple[tuple[int, float], ...] = ()
    """(duration s, W) of the schedule offered in scheduled control; empty: the maximum until departure."""
    needs: StationNeeds = field(default_factory=StationNeeds)
    tariff: Tariff = field(default_factory=Tariff)
    power_tolerance_w: float | None = None
    """Offered with schedules; a vehicle may confirm it."""
    signer: Credential | None = None
    """Signs absolute price schedules."""
    mo_roots: tuple[x509.Certificate, ...] = ()
    """Roots of contracts that are accepted."""
    provisioning: Provisioning | None = None
    """With it the charger installs contracts."""
    profile: Profile = field(default_factory=Profile)

    def iso2(self) -> Iso2SeccConfig:
        """The same charger as ISO 15118-2 sees it."""
        energies = {service.energy for service in self.offers}
        modes = tuple(mode for energy, mode in MODES if energy in energies)
        return Iso2SeccConfig(self.evse_id, modes, self.meter, self.ongoing)


_MOMENTS: Mapping[State, What] = {
    State.STANDBY: What.STANDBY,
    State.POWER_OFF: What.POWER_OFF,
    State.RESCHEDULED: What.RENEGOTIATED,
    State.SERVICE_RENEGOTIATION: What.RENEGOTIATED,
    State.PAUSED: What.PAUSED,
}


class SeccSession(Serving):
    """One communication session from the charger's side. Times are seconds of one clock, starting anywhere."""

    def __init__(
        self,
        config: SeccConfig,
        station: Station,
        *,
        now_s: float = 0.0,
        epoch_utc_us: int = 0,
        memory: SessionMemory | None = None,
        vehicle_leaf: bytes = b"",
        secured: bool = False,
    ) -> None:
        super().__init__(station, now_s)
        self.config: SeccConfig = config
        self.memory = memory or SessionMemory()
        self.session_id = bytes(8)
        self.evcc_id = ""
        self.challenge = b""
        self.authorization = ""
        self.service: Service | None = None
        self.offer: EnergyOffer | None = None
        self.chosen_namespace = ""
        self.vehicle_limits: Limits | None = None
        self.schedules: tuple[Slots, ...] = ()
        """What a vehicle in scheduled control may choose from, by tuple id from 1 on."""
        self.notification: EVSEStatus | None = None
        self.signature: Verification | None = None
        """What the last signature of the vehicle turned out to be."""
        self.overlooks: frozenset[str] = frozenset()
        """Codes of contracts that are granted all the same: how an emulated charger fails at them."""
        self.contract_leaf: x509.Certificate | None = None
        self.installer: Callable[[Record], bytes | None] | None = None
        """Who installs contracts in the place of `config.provisioning`: gets the request, gives the response's EXI, no
        octets where there is no contract, None as long as that is not known."""
        self.identification_told = False
        self.needs_told: tuple[float, int | None] | None = None
        """In dynamic control: when the vehicle leaves, and its target, as it stated them last."""
        self.scheduler: Scheduler | None = None
        """Who makes the schedules in scheduled control; of several we offer the first."""
        self.schedule_asked = False
        self.grid_control: Callable[[], GridControl] = GridControl
        """What a vehicle with DER control of its own is told of the grid operator's wishes."""
        self.plain_only: Callable[[], bool] = lambda: False
        """Whether no bidirectional service is to be offered, though the charger has some; asked when services are listed."""
        self.older: Iso2SeccSession | None = None
        """Who serves this connection once the vehicle has chosen ISO 15118-2."""
        self.vehicle_leaf = vehicle_leaf
        self._secured = secured
        self._epoch_utc_us = epoch_utc_us
        self._last_stamp = 0
        self._loop_answered = False

    # what it is doing

    @property
    def energy(self) -> Energy | None:
        return self.service.energy if self.service else None

    @property
    def live(self) -> bool:
        """Whether power may flow."""
        return self.state in LIVE

    @property
    def dynamic(self) -> bool:
        return self.offer is None or self.offer.control is Control.DYNAMIC

    @property
    def states_needs(self) -> bool:
        return self.offer is not None and self.offer.needs_by is NeedsBy.SECC and self.dynamic

    @property
    def departure_s(self) -> int:
        """Seconds to the departure that the station knows of."""
        return max(0, round(self._connected_at_s + self.config.needs.departure_s - (self._arrived_at_s or 0.0)))

    def namespaces(self) -> tuple[str, ...]:
        """The protocols that may be negotiated on this connection."""
        older = (ISO2,) if "iso15118-2" in self.config.protocols else ()
        return self._newer_namespaces() + older

    def _newer_namespaces(self) -> tuple[str, ...]:
        if "iso15118-20" not in self.config.protocols:
            return ()
        if not (self._secured or self.config.profile.without_tls):
            return ()
        return namespaces_of(self.config.offers)

    def hand_over(self, now_s: float) -> None:
        """Let a session of ISO 15118-2 serve the rest of this connection."""
        self.older = Iso2SeccSession(
            self.config.iso2(), self.station, now_s=now_s, memory=self.memory.older, new_id=self.memory.new_id
        )
        self.older.scheduler = self.scheduler

    def notify(self, notification: EvseNotification, max_delay_s: int = 0) -> None:
        """Ask the vehicle for something with the next answers of the charge loop, until it has followed; once it is asked to
        end, for nothing else."""
        if self._asks_for(EvseNotification.Terminate):
            return
        self.notification = EVSEStatus(notification_max_delay=max_delay_s, evse_notification=notification)

    @property
    def waking(self) -> bool:
        """The station asks for what a start of the power delivery gives; whatever else it asks for, a start leaves open."""
        return self._asks_for(EvseNotification.ExitStandby)

    def _asks_for(self, what: EvseNotification) -> bool:
        return self.notification is not None and self.notification.evse_notification == what

    # requests and answers

    def answer(self, request: Record, now_s: float) -> Record | None:
        """The right response, or None when the station is not ready with it: ask again soon with the same request.

        Raises Unexpected for a message that is no request at all.
        """
        name = name_of(request)
        if name not in ANSWERS or self.ended:
            raise Unexpected(f"{name} in state {self.state}")
        if self._arrived_at_s is None:
            self._arrived_at_s = now_s
        response = self._answer(name, request, now_s)
        if response is not None:
            self._conclude(request, response, now_s)
        return response

    def _answer(self, name: str, request: Record, now_s: float) -> Record | None:
        header = request.__dict__.get("header")
        if header is not None and name != "SessionSetupReq" and header.session_id != self.session_id:
            return self.refuse(request, "FAILED_UnknownSession", now_s, "another session id")  # [V2G20-460]
        if not permitted(self.state, request, self.energy):
            return self.refuse(request, "FAILED_SequenceError", now_s, f"{name} in state {self.state}")  # [V2G20-459]
        try:
            response = ANSWERS[name].answer(self, request, now_s)
        except Refused as refused:
            return self.refuse(request, refused.code, now_s, refused.because)
        if response is not None and self._ongoing_too_long(name, response, now_s):
            return self.refuse(request, "FAILED", now_s, f"{name} was ongoing for too long")
        return response

    def _ongoing_too_long(self, name: str, response: Record, now_s: float) -> bool:
        """Whether we have kept the vehicle waiting for longer than a station may.

        Authorization is left to the vehicle's patience: somebody has to find a card, and sources disagree on the limit.
        """
        processing = response.__dict__.get("evse_processing", "Finished")
        ongoing = name != "AuthorizationReq" and processing != "Finished"
        return self.ongoing_s(now_s, ongoing=ongoing) > timer("V2G_SECC_Ongoing_Performance_Time").value_s

    def refuse(self, request: Record, code: str, now_s: float, because: str) -> Record:
        """A response with a FAILED code, its mandatory elements filled with valid values ([V2G20-736])."""
        self.reason = because
        return filled(self, request, now_s, response_code=code)

    def _conclude(self, request: Record, response: Record, now_s: float) -> None:
        self._arrived_at_s = None
        self._answered_at_s = now_s
        self._loop_answered = name_of(request) in LOOPS
        before, self.state = self.state, after(self.state, request, response)
        code = str(response.__dict__["response_code"])
        if self.state is State.FAILED:
            self.shut_down()
            self.tell(What.FAILED, now_s, code=code, reason=self.reason)
        elif self.state is State.TERMINATED:
            self.tell(What.STOPPED, now_s, reason=request.__dict__.get("ev_termination_explanation") or "")
        elif self.state is not before and self.state in _MOMENTS:
            self.tell(_MOMENTS[self.state], now_s)
        elif before not in LIVE and self.state is State.POWER_ON:
            self.tell(What.POWER_ON, now_s)

    def first_polls_ongoing(self, name: str) -> bool:
        """Count a request and tell whether it must still be answered Ongoing, by the config."""
        return self.polled(name, self.config.ongoing.get(name, 0))

    # time

    @property
    def deadline_s(self) -> float:
        """When the vehicle's silence ends the session."""
        if self._answered_at_s is None:
            return self._connected_at_s + timer("V2G_SECC_CommunicationSetup_Performance_Time").value_s
        if self._loop_answered:
            return self._answered_at_s + self.config.profile.loop_sequence_timeout_s
        return self._answered_at_s + timer("V2G_SECC_Sequence_Timeout").value_s

    def utc(self, now_s: float) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._epoch_utc_us / 1e6 + now_s, datetime.UTC)

    def header(self, now_s: float) -> MessageHeader:
        """A header with the station's time, strictly increasing ([V2G20-1534] and following)."""
        now_us = self._epoch_utc_us + round(now_s * 1e6)
        if self.config.profile.time_stamp_unit == "s":
            self._last_stamp = now_us // 1_000_000
        else:
            self._last_stamp = max(now_us, self._last_stamp + 1)
        return MessageHeader(session_id=self.session_id, time_stamp=self._last_stamp)

    # pause and events

    def binding(self) -> bytes:
        """Ties a session to its vehicle: SHA-512 of the id and of the certificate (or EVCCID without TLS)."""
        vehicle = hashlib.sha512(self.vehicle_leaf or self.evcc_id.encode()).digest()
        return hashlib.sha512(self.session_id + vehicle).digest()

    def store(self) -> None:
        """Keep the session for a resume."""
        assert self.service is not None
        assert self.offer is not None
        self.memory.paused[self.session_id] = PausedSession(
            self.binding(), self.service, self.offer, self.authorization
        )
