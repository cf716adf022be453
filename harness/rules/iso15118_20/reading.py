"""What a session has agreed on so far: the context in which each message is judged.

A context holds what was *granted* (OK or WARNING) before a message. It follows the session as it went, also where it
went wrong, so that one fault is told once and what follows from it is judged from where the two sides then stood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from harness.iso15118.order import MOVES, State, after
from harness.iso15118.services import Energy, Service
from harness.rules.iso15118_20.terms import named
from harness.transcript.v2g import SIDE_STREAMS, Message, V2GSession

KNOWN_REQUESTS = frozenset(move.request for move in MOVES)
FREE_ENERGIES = (Energy.WPT, Energy.ACDP)
"""Their inner order is not public: not judged."""

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Selection:
    """The energy transfer service that was selected, and what its parameter set says (None: never detailed)."""

    request: Message
    service_id: int
    set_id: int
    parameters: Parameters | None

    @property
    def service(self) -> Service | None:
        return Service(self.service_id) if self.service_id in set(Service) else None

    @property
    def energy(self) -> Energy | None:
        return self.service.energy if self.service else None

    @property
    def bidirectional(self) -> bool | None:
        return self.service.bidirectional if self.service else None

    def parameter(self, name: str) -> Any:
        return (self.parameters or {}).get(name)

    @property
    def control(self) -> str | None:
        """Scheduled or Dynamic; None if the parameter set does not say."""
        return {1: "Scheduled", 2: "Dynamic"}.get(self.parameter("ControlMode"))


@dataclass(frozen=True)
class Context:
    """What held when a message was sent. None and empty: not known, or not yet."""

    state: State | None = None
    """None: not known (a hole in the record, an undecoded message, an order that is not public)."""
    session_id: bytes | None = None
    authorization: Message | None = None
    """AuthorizationSetupRes."""
    services: Message | None = None
    """The latest ServiceDiscoveryRes."""
    first_services: Message | None = None
    details: Mapping[int, Mapping[int, Parameters]] = field(default_factory=dict)
    """Service id to parameter set id to parameters, from ServiceDetailRes."""
    selection: Selection | None = None
    limits_request: Message | None = None
    """ChargeParameterDiscoveryReq."""
    limits: Message | None = None
    """ChargeParameterDiscoveryRes."""
    schedule_request: Message | None = None
    schedule: Message | None = None
    """ScheduleExchangeRes with EVSEProcessing Finished."""
    progress: str = ""
    """ChargeProgress of the last granted PowerDelivery."""

    @property
    def energy(self) -> Energy | None:
        return self.selection.energy if self.selection else None

    @property
    def live(self) -> bool:
        """Whether power may flow."""
        return self.progress in ("Start", "ScheduleRenegotiation")

    def parameter(self, name: str) -> Any:
        return self.selection.parameter(name) if self.selection else None

    @property
    def energy_service_ids(self) -> set[int]:
        return service_ids(self.services, "energy_transfer_service_list")

    @property
    def vas_ids(self) -> set[int]:
        return service_ids(self.services, "vas_list")


def service_ids(message: Message | None, which: str) -> set[int]:
    """Service ids of a list of ServiceDiscoveryRes."""
    listed = getattr(message, which, None) if message else None
    return {one.service_id for one in listed.service} if listed else set()


def parameters(parameter_set: Any) -> dict[str, Any]:
    """Parameter names and values of a ParameterSet, whatever type the values have."""
    found = {}
    for one in parameter_set.parameter:
        values = (
            one.bool_value,
            one.byte_value,
            one.short_value,
            one.int_value,
            one.rational_number,
            one.finite_string,
        )
        found[one.name] = next((value for value in values if value is not None), None)
    return found


_contexts: WeakKeyDictionary[V2GSession, tuple[Context, ...]] = WeakKeyDictionary()


def contexts(session: V2GSession) -> tuple[Context, ...]:
    """The context before each message, in the messages' order."""
    found = _contexts.get(session)
    if found is None:
        found = _contexts[session] = tuple(_follow(session))
    return found


def before(session: V2GSession, message: Message) -> Context:
    """The context before a message."""
    return contexts(session)[message.ordinal - 1]


def _follow(session: V2GSession) -> list[Context]:
    now = Context(state=State.CONNECTED if session.complete else None)
    told = []
    for message in session.messages:
        if message.after_gap:
            now = replace(now, state=None)
        told.append(now)
        if message.is_request:
            continue
        request = session.request_of(message)
        if request and request.payload_type not in SIDE_STREAMS and request.content and message.content:
            now = _learn(replace(now, state=_next_state(now, request, message)), request, message)
        elif request is None or request.payload_type not in SIDE_STREAMS:
            now = replace(now, state=None)
    return told


def _next_state(now: Context, request: Message, response: Message) -> State | None:
    if request.name not in KNOWN_REQUESTS or request.name == "MeteringConfirmationReq":
        return now.state if request.name == "MeteringConfirmationReq" else None
    state = after(now.state or State.CONNECTED, request.content, response.content)
    if state is State.SERVICE_SELECTED and _energy(now, request) in FREE_ENERGIES:
        return None
    return None if state is State.CONNECTED and now.state is None else state


def _energy(now: Context, request: Message) -> Energy | None:
    chosen = request.selected_energy_transfer_service
    return Selection(request, chosen.service_id, 0, None).energy if chosen else now.energy


def _learn(now: Context, request: Message, response: Message) -> Context:
    if response.failed:
        return now
    match request.base:
        case "SessionSetup":
            return replace(now, session_id=getattr(response.header, "session_id", None))
        case "AuthorizationSetup":
            return replace(now, authorization=response)
        case "ServiceDiscovery":
            return replace(now, services=response, first_services=now.first_services or response)
        case "ServiceDetail":
            return replace(now, details={**now.details, **_details(response)})
        case "ServiceSelection":
            return replace(now, selection=_selection(now, request))
        case "ScheduleExchange" if response.evse_processing == "Finished":
            return replace(now, schedule_request=request, schedule=response)
        case "PowerDelivery" if response.ok:
            return replace(now, progress=str(request.charge_progress))
    if request.base.endswith("ChargeParameterDiscovery"):
        return replace(now, limits_request=request, limits=response)
    return now


def _details(response: Message) -> dict[int, dict[int, Parameters]]:
    listed = response.service_parameter_list
    if listed is None:
        return {}
    return {response.service_id: {one.parameter_set_id: parameters(one) for one in listed.parameter_set}}


def _selection(now: Context, request: Message) -> Selection:
    chosen = request.selected_energy_transfer_service
    sets = now.details.get(chosen.service_id, {})
    return Selection(request, chosen.service_id, chosen.parameter_set_id, sets.get(chosen.parameter_set_id))


def is_bidirectional(record: Any) -> bool:
    """Whether an element is the BPT variant of its kind."""
    return named(record).startswith("BPT_")


def control_of(record: Any) -> str:
    """Scheduled, Dynamic, or empty for what is neither."""
    name = named(record)
    return next((mode for mode in ("Scheduled", "Dynamic") if mode in name), "")
