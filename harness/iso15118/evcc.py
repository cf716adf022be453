"""The vehicle's agent: one ISO 15118-20 session as seen from the EVCC, without any input or output.

`EvccSession` offers the next valid request; whoever drives it may send that, a changed one, another one or none, and
reports what was sent and what came back. What the car is and wants comes from a `Vehicle`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from harness.exi.declare import Record
from harness.iso15118 import evcc_requests
from harness.iso15118.calling import Calling
from harness.iso15118.credential import Credential
from harness.iso15118.errors import LocalProtocolError
from harness.iso15118.intent import Intent
from harness.iso15118.iso2.evcc import Iso2EvccConfig, Iso2EvccSession
from harness.iso15118.messages.common import ChargeProgress
from harness.iso15118.messages.common import Service as OfferedService
from harness.iso15118.messages.core import ISO2
from harness.iso15118.order import LIVE, State, after, name_of
from harness.iso15118.profile import Profile
from harness.iso15118.quantities import Limits, changed, read_limits
from harness.iso15118.services import Channel, Control, Energy, EnergyOffer, NeedsBy, Pricing, Service
from harness.iso15118.timing import message_timeout_s, timer
from harness.iso15118.vehicle import Vehicle


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What a vehicle keeps over a pause ([V2G20-2539])."""

    session_id: bytes
    service: Service
    offer: EnergyOffer
    evse_id: str = ""
    last_stamp: int = 0


@dataclass(frozen=True, slots=True)
class EvccConfig:
    """`services`: in order of preference. Periods are our defaults; a loop must stay below 0.25 s."""

    evcc_id: str = "DEPLUGFEST0000001"
    services: tuple[Service, ...] = (Service.DC_BPT, Service.DC)
    control: Control = Control.DYNAMIC
    needs_by: NeedsBy = NeedsBy.EVCC
    pricing: Pricing = Pricing.NONE
    channel: Channel = Channel.UNIFIED
    der_functions: int = 0
    """DER control of the vehicle's own, as in `der.DerFunction`."""
    maximum_reactive_var: float | None = None
    """What a vehicle with DER control says that it can do of reactive power, either way; None: it does not say."""
    contracts: int = 1
    """How many contracts it takes when it asks for installation."""
    prioritized_emaids: tuple[str, ...] = ()
    """Which of them first (1 to 8)."""
    protocols: tuple[str, ...] = ("iso15118-20",)
    """iso15118-20, iso15118-2: what the vehicle offers, in order of preference."""
    iso2: Iso2EvccConfig = field(default_factory=Iso2EvccConfig)
    vas: tuple[Service, ...] = ()
    first_schema_id: int = 0
    loop_period_s: float = 0.2
    poll_period_s: float = 0.1
    pre_charge_tolerance_v: float = 20.0
    safe_voltage_v: float = 60.0
    meter_info_requested: bool = True
    supporting_points: int = 1024
    welding_polls: int = 20
    contract: Credential | None = None
    """With a contract the vehicle chooses Plug & Charge wherever it is offered."""
    provisioning: Credential | None = None
    """With a provisioning certificate and no contract it asks for installation wherever that is offered."""
    trusted_roots: tuple[x509.Certificate, ...] = ()
    """V2G roots that the vehicle knows; empty: it believes everybody's installation data."""
    profile: Profile = field(default_factory=Profile)


def _after_schedule(session: EvccSession) -> str:
    if session.energy is not Energy.DC:
        return "PowerDeliveryReq"
    return "DC_CableCheckReq"


def _after_reschedule(session: EvccSession) -> str:
    repeat = session.energy is Energy.DC and session.config.profile.renegotiation_repeats_cable_check
    return "DC_CableCheckReq" if repeat else "PowerDeliveryReq"


def _with_power(session: EvccSession) -> str:
    if session.confirm_metering and session.state is State.LOOP:
        return "MeteringConfirmationReq"
    loop = f"{session.energy}_ChargeLoopReq"
    if session.state is State.STANDBY:
        return loop if session.intent is Intent.STANDBY else "PowerDeliveryReq"
    return loop if session.intent is Intent.CHARGE else "PowerDeliveryReq"


def _after_power(session: EvccSession) -> str:
    pausing = session.intent is Intent.PAUSE and not session.config.profile.welding_detection_on_pause
    return "DC_WeldingDetectionReq" if session.energy is Energy.DC and not pausing else "SessionStopReq"


def _after_setup(session: EvccSession) -> str:
    return "CertificateInstallationReq" if session.wants_installation else "AuthorizationReq"


def _after_detail(session: EvccSession) -> str:
    return "ServiceDetailReq" if session.undetailed else "ServiceSelectionReq"


FOLLOW: Mapping[State, str | Callable[[EvccSession], str]] = {
    State.CONNECTED: "supportedAppProtocolReq",
    State.NEGOTIATED: "SessionSetupReq",
    State.NEW: "AuthorizationSetupReq",
    State.RESUMED: lambda session: f"{session.energy}_ChargeParameterDiscoveryReq",
    State.AUTHORIZATION_SETUP: _after_setup,
    State.CERTIFICATE_INSTALLATION: _after_setup,
    State.AUTHORIZATION_ONGOING: "AuthorizationReq",
    State.AUTHORIZATION_REFUSED: "SessionStopReq",
    State.AUTHORIZED: "ServiceDiscoveryReq",
    State.SERVICES: "ServiceDetailReq",
    State.SERVICE_DETAIL: _after_detail,
    State.SERVICE_SELECTED: lambda session: f"{session.energy}_ChargeParameterDiscoveryReq",
    State.PARAMETERS: "ScheduleExchangeReq",
    State.SCHEDULE_ONGOING: "ScheduleExchangeReq",
    State.SCHEDULED: _after_schedule,
    State.CABLE_CHECK_ONGOING: "DC_CableCheckReq",
    State.CABLE_CHECKED: "DC_PreChargeReq",
    State.PRE_CHARGE_ONGOING: "DC_PreChargeReq",
    State.PRE_CHARGED: "PowerDeliveryReq",
    State.POWER_STARTING: "PowerDeliveryReq",
    State.POWER_ON: _with_power,
    State.LOOP: _with_power,
    State.STANDBY: _with_power,
    State.RENEGOTIATING: "ScheduleExchangeReq",
    State.RENEGOTIATION_ONGOING: "ScheduleExchangeReq",
    State.RESCHEDULED: _after_reschedule,
    State.POWER_OFF: _after_power,
    State.WELDING_ONGOING: "DC_WeldingDetectionReq",
    State.WELDED: "SessionStopReq",
    State.SERVICE_RENEGOTIATION: "ServiceDiscoveryReq",
}
"""What a well-behaved vehicle asks next, by state: a name, or a function of the session that gives one."""

REACTIONS: Mapping[str, Intent] = {
    "Terminate": Intent.STOP,
    "Pause": Intent.PAUSE,
    "ExitStandby": Intent.CHARGE,
    "ScheduleRenegotiation": Intent.RENEGOTIATE_SCHEDULE,
    "ServiceRenegotiation": Intent.RENEGOTIATE_SERVICE,
}
"""What a vehicle wants after a notification of the station."""

PROGRESS: Mapping[Intent, ChargeProgress] = {
    Intent.CHARGE: ChargeProgress.Start,
    Intent.STANDBY: ChargeProgress.Standby,
    Intent.RENEGOTIATE_SCHEDULE: ChargeProgress.ScheduleRenegotiation,
}
"""What PowerDelivery asks for while power is on; every other intent stops."""

_CLOSING = (Intent.STOP, Intent.PAUSE, Intent.RENEGOTIATE_SERVICE)
_NOT_TO_BE_CUT_SHORT = LIVE | {
    State.CONNECTED,
    State.NEGOTIATED,
    State.POWER_OFF,
    State.WELDING_ONGOING,
    State.SERVICE_RENEGOTIATION,
}
_REPEATED = {
    State.AUTHORIZATION_ONGOING: "EIM_Authorization_Ongoing",
    State.SCHEDULE_ONGOING: "V2G_EVCC_Ongoing_Timeout",
    State.RENEGOTIATION_ONGOING: "V2G_EVCC_Ongoing_Timeout",
    State.CERTIFICATE_INSTALLATION: "V2G_EVCC_Ongoing_Timeout",
    State.CABLE_CHECK_ONGOING: "V2G_EVCC_CableCheck_Timeout",
    State.PRE_CHARGE_ONGOING: "V2G_EVCC_PreCharge_Timeout",
    State.WELDING_ONGOING: "V2G_EVCC_Ongoing_Timeout",
}


class EvccSession(Calling):
    """One communication session from the vehicle's side. Times are seconds of one clock, starting anywhere."""

    def __init__(
        self, config: EvccConfig, vehicle: Vehicle, *, epoch_utc_us: int = 0, stored: StoredSession | None = None
    ) -> None:
        super().__init__(vehicle)
        self.config = config
        self.stored = stored
        self.older: Iso2EvccSession | None = None
        """Who speaks on this connection once the station has chosen ISO 15118-2."""
        self.believes_any_setup = False
        """A careless vehicle takes a SessionSetupRes with session id 0 or a plain OK for a session."""
        self.believes_any_installation = False
        """A careless vehicle installs a contract whose data are signed by nobody."""
        self.reacts_to = set(REACTIONS) | {"MeteringConfirmation"}
        self.session_id = stored.session_id if stored else bytes(8)
        self.protocol = ""
        self.evse_id = ""
        self.resumed = False
        self.challenge = b""
        self.installation_offered = False
        self.authorization = "EIM"
        self.services: tuple[OfferedService, ...] = ()
        self.value_added: tuple[OfferedService, ...] = ()
        self.renegotiable: bool | None = None
        self.undetailed: list[int] = []
        self.sets: dict[int, tuple[EnergyOffer, ...]] = {}
        self.value_added_sets: dict[int, int] = {}
        self.service = stored.service if stored else config.services[0]
        self.offer = stored.offer if stored else EnergyOffer(1, config.control, config.needs_by)
        self.station_limits: Limits | None = None
        self.schedule_tuple_id = 1
        self.schedules: Any = None
        self.station_voltage_v = 0.0
        self.pre_charged = False
        self.welding_polls = 0
        self.confirm_metering = False
        self.meter: Any = None
        self.notification: str | None = None
        self.prices: Any = None
        self.contracts_taken = 0
        self.contracts_remain = False
        """The station has more contracts, and we want one more."""
        self.installed: Credential | None = None
        """A contract that was installed in this session."""
        self._epoch_utc_us = epoch_utc_us
        self._last_stamp = stored.last_stamp if stored else 0
        self._clock_offset_us = 0
        self._received_at_s = 0.0

    # what comes next

    @property
    def energy(self) -> Energy:
        energy = self.service.energy
        assert energy is not None
        return energy

    @property
    def loop(self) -> str:  # type: ignore[override]
        return f"{self.energy}_ChargeLoop"

    @property
    def contract(self) -> Credential | None:
        return self.config.contract or self.installed

    @property
    def wants_installation(self) -> bool:
        wanted = self.config.provisioning is not None and self.config.contract is None
        wanted = wanted and (self.installed is None or self.contracts_remain)
        return wanted and self.installation_offered

    @property
    def next_name(self) -> str | None:
        """Schema name of the next valid request, or None when the session has ended."""
        if self.ended:
            return None
        if (self.intent in _CLOSING or self.reason) and self.state not in _NOT_TO_BE_CUT_SHORT:
            return "SessionStopReq"
        follow = FOLLOW[self.state]
        return follow if isinstance(follow, str) else follow(self)

    def draft(self, name: str, now_s: float, **changes: Any) -> Record:
        """A well-formed request of any name, whether it is allowed now or not. `changes` as in `changed`."""
        build = evcc_requests.REQUESTS.get(name)
        if build is None:
            raise LocalProtocolError(f"no request is called {name}")
        made = build(self, now_s)
        return changed(made, **changes) if changes else made

    @property
    def progress(self) -> ChargeProgress:
        """What PowerDelivery is to do now."""
        if self.state not in LIVE:
            return ChargeProgress.Start
        return PROGRESS.get(self.intent, ChargeProgress.Stop)

    @property
    def next_at_s(self) -> float:
        """The earliest moment for the next request: loops and polls are paced, everything else goes at once."""
        if self.state is State.LOOP and self.intent is Intent.CHARGE:
            return self._sent_at_s + self.config.loop_period_s
        if self.state in _REPEATED or self.state is State.STANDBY:
            return self._sent_at_s + self.config.poll_period_s
        return self._sent_at_s

    def answer_timeout_s(self, request: Record) -> float:
        """How long to wait for the answer to this request."""
        return message_timeout_s(name_of(request))

    # what happened

    def received(self, response: Record, now_s: float) -> None:
        """Take the answer to the request that was sent last.

        Raises Unexpected for an answer that belongs to another request or another session; the state is then FAILED.
        """
        self._received_at_s = now_s
        request = self._awaited(response)
        self._check_session(request, response)
        before, self.state = self.state, after(self.state, request, response)
        if self.state is State.FAILED:
            self.reason = self.reason or f"{name_of(response)}: {response.__dict__['response_code']}"
        else:
            evcc_requests.take(self, request, response)
            if self.protocol == ISO2 and self.older is None:
                self.older = Iso2EvccSession(
                    self.config.iso2, self.vehicle, now_s=now_s, paused=self.stored.session_id if self.stored else b""
                )
        self._watch_ongoing(before, now_s)
        self.vehicle.received(request, response)

    def store(self) -> StoredSession:
        """What to keep over a pause."""
        return StoredSession((self.older or self).session_id, self.service, self.offer, self.evse_id, self._last_stamp)

    # header

    def stamp(self, now_s: float) -> int:
        """The next header time stamp: our UTC, or the station's once we know it; strictly increasing."""
        now_us = self._epoch_utc_us + self._clock_offset_us + round(now_s * 1e6)
        value = now_us if self.config.profile.time_stamp_unit == "us" else now_us // 1_000_000
        self._last_stamp = max(value, self._last_stamp + (self.config.profile.time_stamp_unit == "us"))
        return self._last_stamp

    def utc(self) -> datetime.datetime:
        """The time of the last answer, by the clock that the session goes by."""
        micros = self._epoch_utc_us + self._clock_offset_us
        return datetime.datetime.fromtimestamp(micros / 1e6 + self._received_at_s, datetime.UTC)

    def adopt_clock(self, stamp: int) -> None:
        """Take the station's clock from its SessionSetupRes ([V2G20-1534] and following)."""
        if stamp > 10**14:  # else it is not in microseconds, and we keep our own
            self._clock_offset_us = stamp - self._epoch_utc_us - round(self._received_at_s * 1e6)

    def forget(self) -> None:
        """The station opened a new session: nothing of a paused one is valid any more ([V2G20-2613] and following)."""
        self.stored = None

    def _watch_ongoing(self, before: State, now_s: float) -> None:
        """End the session when the station keeps us waiting longer than the phase's timer allows."""
        settled = self.state is State.CERTIFICATE_INSTALLATION and self.installed and not self.contracts_remain
        waiting = self.state in _REPEATED and not settled
        if not waiting:
            self._ongoing_since_s = None
            return
        if self.state is not before or self._ongoing_since_s is None:
            self._ongoing_since_s = now_s
        name = _REPEATED[self.state]
        if self.state is State.AUTHORIZATION_ONGOING and self.authorization == "PnC":
            name = "V2G_EVCC_Ongoing_Timeout"  # nobody has to find a card
        limit_s = {
            "EIM_Authorization_Ongoing": self.config.profile.authorization_ongoing_s,
            "V2G_EVCC_PreCharge_Timeout": self.config.profile.pre_charge_timeout_s,
        }.get(name, timer(name).value_s)
        if now_s + self.config.poll_period_s - self._ongoing_since_s >= limit_s:  # the next poll would be too late
            self.stop_for(f"{self.state} for {limit_s:g} s ({name})")

    def take_limits(self, content: Record) -> None:
        """Keep the station's limits from any message that carries some."""
        self.station_limits = read_limits(content, "evse_", self.station_limits)

    def check_setup(self, session_id: bytes, code: str) -> None:
        """A session set-up must say whether it is a new or the old session, and name it ([V2G20-2106])."""
        if self.believes_any_setup:
            return
        if not any(session_id):
            self._fail("the station gave the session id 0")
        if code not in ("OK_NewSessionEstablished", "OK_OldSessionJoined"):
            self._fail(f"the station answered the session set-up with {code}")

    def react(self, notification: str) -> None:
        """Follow a notification of the station, if we are a vehicle that does."""
        self.notification = notification
        if notification not in self.reacts_to:
            return
        if notification == "MeteringConfirmation":
            self.confirm_metering = self.meter is not None
        elif not (notification == "ExitStandby" and self.intent is not Intent.STANDBY):
            self.intent = REACTIONS[notification]

    def wanted_services(self) -> tuple[int, ...]:
        """The services to ask details of: the best energy service that is offered, then our value added ones."""
        offered = {each.service_id for each in self.services}
        energy = [service for service in self.config.services if service in offered]
        added = {each.service_id for each in self.value_added}
        return (*energy[:1], *(service for service in self.config.vas if service in added))
