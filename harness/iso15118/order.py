"""The order of messages in ISO 15118-20, as two tables; everything that asks about order reads them.

`STEPS` says which request is allowed in which state, `MOVES` where an exchange leads. A state is named after the last
answered exchange. The agents, the rules and the diagram in the documentation (`mermaid`) share both tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.iso15118.services import Energy
from harness.verdict import Confidence


class State(StrEnum):
    """Where a session stands."""

    CONNECTED = "connected"
    NEGOTIATED = "protocol negotiated"
    NEW = "session new"
    RESUMED = "session resumed"
    AUTHORIZATION_SETUP = "authorization offered"
    CERTIFICATE_INSTALLATION = "certificate installation"
    AUTHORIZATION_ONGOING = "authorization ongoing"
    AUTHORIZATION_REFUSED = "authorization refused"
    AUTHORIZED = "authorized"
    SERVICES = "services discovered"
    SERVICE_DETAIL = "service detailed"
    SERVICE_SELECTED = "service selected"
    PARAMETERS = "charge parameters exchanged"
    SCHEDULE_ONGOING = "schedule ongoing"
    SCHEDULED = "schedule agreed"
    CABLE_CHECK_ONGOING = "cable check ongoing"
    CABLE_CHECKED = "cable checked"
    PRE_CHARGE_ONGOING = "pre-charge ongoing"
    PRE_CHARGED = "pre-charged"
    POWER_STARTING = "power starting"
    POWER_ON = "power on"
    LOOP = "charge loop"
    STANDBY = "standby"
    RENEGOTIATING = "renegotiating schedule"
    RENEGOTIATION_ONGOING = "new schedule ongoing"
    RESCHEDULED = "new schedule agreed"
    POWER_OFF = "power off"
    WELDING_ONGOING = "welding detection ongoing"
    WELDED = "welding detected"
    SERVICE_RENEGOTIATION = "renegotiating service"
    PAUSED = "paused"
    TERMINATED = "terminated"
    FAILED = "failed"


ENDS = frozenset({State.PAUSED, State.TERMINATED, State.FAILED})
"""States after which nothing more may be said on this connection."""

LIVE = frozenset(
    {State.POWER_STARTING, State.POWER_ON, State.LOOP, State.STANDBY}
    | {State.RENEGOTIATING, State.RENEGOTIATION_ONGOING, State.RESCHEDULED}
)
"""States in which the power path may be closed."""

A, S, I, X = Confidence.A, Confidence.S, Confidence.I, Confidence.X
AC, DC, WPT = Energy.AC, Energy.DC, Energy.WPT

Condition = tuple[str, tuple[str, ...]]
"""An attribute of the message and the literals it may have."""


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed request. `energy` None: for every energy service. `asks`: only with this content."""

    state: State
    request: str
    confidence: Confidence = A
    requirement: str = ""
    energy: Energy | None = None
    asks: Condition | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Where an answered request leads; the first row that fits counts. Codes are compared by their beginning."""

    request: str
    to: State
    asks: Condition | None = None
    answers: Condition | None = None
    code: str = ""
    origins: frozenset[State] = frozenset()


STOP = ("charge_progress", ("Stop", "Standby", "ScheduleRenegotiation"))
ONGOING = ("Ongoing", "Ongoing_WaitingForCustomerInteraction")

# fmt: off
STEPS: tuple[Step, ...] = (
    Step(State.CONNECTED, "supportedAppProtocolReq"),
    Step(State.NEGOTIATED, "SessionSetupReq"),
    Step(State.NEW, "AuthorizationSetupReq"),
    Step(State.RESUMED, "AC_ChargeParameterDiscoveryReq", A, "V2G20-1032", AC),
    Step(State.RESUMED, "DC_ChargeParameterDiscoveryReq", A, "V2G20-1032", DC),
    Step(State.RESUMED, "WPT_ChargeParameterDiscoveryReq", A, "V2G20-1032", WPT),
    Step(State.AUTHORIZATION_SETUP, "AuthorizationReq"),
    Step(State.AUTHORIZATION_SETUP, "CertificateInstallationReq"),
    Step(State.CERTIFICATE_INSTALLATION, "CertificateInstallationReq", S),
    Step(State.CERTIFICATE_INSTALLATION, "AuthorizationReq", S),
    Step(State.AUTHORIZATION_ONGOING, "AuthorizationReq", A, "V2G20-1582"),
    Step(State.AUTHORIZATION_REFUSED, "AuthorizationReq"),
    Step(State.AUTHORIZATION_REFUSED, "CertificateInstallationReq", A, "V2G20-2221"),
    Step(State.AUTHORIZED, "ServiceDiscoveryReq"),
    Step(State.SERVICES, "ServiceDetailReq", A, "V2G20-1216"),
    Step(State.SERVICE_DETAIL, "ServiceDetailReq"),
    Step(State.SERVICE_DETAIL, "ServiceSelectionReq"),
    Step(State.SERVICE_SELECTED, "AC_ChargeParameterDiscoveryReq", A, "", AC),
    Step(State.SERVICE_SELECTED, "DC_ChargeParameterDiscoveryReq", A, "", DC),
    Step(State.PARAMETERS, "ScheduleExchangeReq"),
    Step(State.SCHEDULE_ONGOING, "ScheduleExchangeReq"),
    Step(State.SCHEDULED, "PowerDeliveryReq", A, "", AC),
    Step(State.SCHEDULED, "DC_CableCheckReq", A, "", DC),
    Step(State.SCHEDULED, "PowerDeliveryReq", S, "V2G20-2122", DC, ("charge_progress", ("Standby", "Stop"))),
    Step(State.CABLE_CHECK_ONGOING, "DC_CableCheckReq", A, "", DC),
    Step(State.CABLE_CHECKED, "DC_PreChargeReq", A, "", DC),
    Step(State.PRE_CHARGE_ONGOING, "DC_PreChargeReq", A, "V2G20-2005", DC),
    Step(State.PRE_CHARGED, "PowerDeliveryReq", A, "V2G20-2006", DC),
    Step(State.POWER_STARTING, "PowerDeliveryReq", A, "", None, ("charge_progress", ("Start", "Stop"))),
    Step(State.POWER_ON, "AC_ChargeLoopReq", A, "", AC),
    Step(State.POWER_ON, "DC_ChargeLoopReq", A, "", DC),
    Step(State.POWER_ON, "PowerDeliveryReq"),
    Step(State.LOOP, "AC_ChargeLoopReq", A, "", AC),
    Step(State.LOOP, "DC_ChargeLoopReq", A, "", DC),
    Step(State.LOOP, "PowerDeliveryReq", A, "", None, STOP),
    Step(State.LOOP, "MeteringConfirmationReq", S),
    Step(State.POWER_ON, "MeteringConfirmationReq", S),
    Step(State.STANDBY, "PowerDeliveryReq", S, "", None, ("charge_progress", ("Start", "Stop"))),
    Step(State.STANDBY, "AC_ChargeLoopReq", I, "V2G20-2113", AC),
    Step(State.STANDBY, "DC_ChargeLoopReq", I, "V2G20-2113", DC),
    Step(State.RENEGOTIATING, "ScheduleExchangeReq", S),
    Step(State.RENEGOTIATING, "AC_ChargeParameterDiscoveryReq", S, "", AC),
    Step(State.RENEGOTIATING, "DC_ChargeParameterDiscoveryReq", S, "", DC),
    Step(State.RENEGOTIATION_ONGOING, "ScheduleExchangeReq", S),
    Step(State.RESCHEDULED, "PowerDeliveryReq", S),
    Step(State.RESCHEDULED, "DC_CableCheckReq", X, "", DC),
    Step(State.POWER_OFF, "DC_WeldingDetectionReq", A, "", DC),
    Step(State.WELDING_ONGOING, "DC_WeldingDetectionReq", A, "V2G20-1630", DC),
    Step(State.SERVICE_RENEGOTIATION, "ServiceDiscoveryReq", A, "V2G20-1477"),
    *(
        Step(state, "SessionStopReq", A, "V2G20-2645")
        for state in State
        if state not in ENDS and state not in (State.CONNECTED, State.NEGOTIATED, State.WELDING_ONGOING)
    ),
)

MOVES: tuple[Move, ...] = (
    Move("supportedAppProtocolReq", State.NEGOTIATED, code="OK"),
    Move("SessionSetupReq", State.RESUMED, code="OK_OldSessionJoined"),
    Move("SessionSetupReq", State.NEW),
    Move("AuthorizationSetupReq", State.AUTHORIZATION_SETUP),
    Move("CertificateInstallationReq", State.CERTIFICATE_INSTALLATION),
    Move("AuthorizationReq", State.AUTHORIZATION_ONGOING, answers=("evse_processing", ONGOING)),
    Move("AuthorizationReq", State.AUTHORIZATION_REFUSED, code="WARNING"),
    Move("AuthorizationReq", State.AUTHORIZED),
    Move("ServiceDiscoveryReq", State.SERVICES),
    Move("ServiceDetailReq", State.SERVICE_DETAIL),
    Move("ServiceSelectionReq", State.SERVICE_SELECTED),
    Move("AC_ChargeParameterDiscoveryReq", State.RENEGOTIATING, origins=frozenset({State.RENEGOTIATING})),
    Move("DC_ChargeParameterDiscoveryReq", State.RENEGOTIATING, origins=frozenset({State.RENEGOTIATING})),
    Move("AC_ChargeParameterDiscoveryReq", State.PARAMETERS),
    Move("DC_ChargeParameterDiscoveryReq", State.PARAMETERS),
    Move("ScheduleExchangeReq", State.RENEGOTIATION_ONGOING, answers=("evse_processing", ONGOING),
         origins=frozenset({State.RENEGOTIATING, State.RENEGOTIATION_ONGOING})),
    Move("ScheduleExchangeReq", State.RESCHEDULED,
         origins=frozenset({State.RENEGOTIATING, State.RENEGOTIATION_ONGOING})),
    Move("ScheduleExchangeReq", State.SCHEDULE_ONGOING, answers=("evse_processing", ONGOING)),
    Move("ScheduleExchangeReq", State.SCHEDULED),
    Move("DC_CableCheckReq", State.CABLE_CHECK_ONGOING, answers=("evse_processing", ONGOING)),
    Move("DC_CableCheckReq", State.CABLE_CHECKED),
    Move("DC_PreChargeReq", State.PRE_CHARGE_ONGOING, asks=("ev_processing", ONGOING)),
    Move("DC_PreChargeReq", State.PRE_CHARGED),
    Move("PowerDeliveryReq", State.POWER_ON, code="WARNING_StandbyNotAllowed"),
    Move("PowerDeliveryReq", State.POWER_ON, code="WARNING_ScheduleRenegotiationFailed"),
    Move("PowerDeliveryReq", State.POWER_OFF, asks=("charge_progress", ("Stop",))),
    Move("PowerDeliveryReq", State.STANDBY, asks=("charge_progress", ("Standby",))),
    Move("PowerDeliveryReq", State.RENEGOTIATING, asks=("charge_progress", ("ScheduleRenegotiation",))),
    Move("PowerDeliveryReq", State.POWER_STARTING, asks=("ev_processing", ONGOING)),
    Move("PowerDeliveryReq", State.POWER_ON),
    Move("AC_ChargeLoopReq", State.STANDBY, origins=frozenset({State.STANDBY})),
    Move("DC_ChargeLoopReq", State.STANDBY, origins=frozenset({State.STANDBY})),
    Move("AC_ChargeLoopReq", State.LOOP),
    Move("DC_ChargeLoopReq", State.LOOP),
    Move("MeteringConfirmationReq", State.LOOP),
    Move("DC_WeldingDetectionReq", State.WELDING_ONGOING, asks=("ev_processing", ONGOING)),
    Move("DC_WeldingDetectionReq", State.WELDED),
    Move("SessionStopReq", State.SERVICE_RENEGOTIATION, asks=("charging_session", ("ServiceRenegotiation",))),
    Move("SessionStopReq", State.PAUSED, asks=("charging_session", ("Pause",))),
    Move("SessionStopReq", State.TERMINATED),
)
# fmt: on


def content_of(message: Any) -> Any:
    """The message itself; of a document of ISO 15118-2 the one in its body."""
    body = getattr(message, "body", None)
    return message if body is None or body.body_element is None else body.body_element


def name_of(message: Any) -> str:
    """A message's name in its schema."""
    name: str = type(content_of(message)).declaration.name
    return name


def steps(state: State, energy: Energy | None = None) -> Iterator[Step]:
    """What is allowed in a state; without an energy service, for any."""
    for step in _STEPS_OF.get(state, ()):
        if energy is None or step.energy is None or step.energy is energy:
            yield step


def permitted(state: State, request: Any, energy: Energy | None = None) -> bool:
    """Whether a request (with this content) is allowed in a state."""
    name = name_of(request)
    return any(step.request == name and _fits(step.asks, request) for step in steps(state, energy))


def after(state: State, request: Any, response: Any) -> State:
    """The state that an exchange leads to. A FAILED code ends the session, whatever was asked."""
    code = str(response.response_code)
    if code.upper().startswith("FAILED"):
        return State.FAILED
    for move in _MOVES_OF.get(name_of(request), ()):
        if (
            code.startswith(move.code)
            and (not move.origins or state in move.origins)
            and _fits(move.asks, request)
            and _fits(move.answers, response)
        ):
            return move.to
    return state


def mermaid() -> str:
    """The tables as a state diagram in mermaid's language."""
    lines = ["stateDiagram-v2", "    [*] --> connected"]
    lines += [f"    state {_quoted(state)} as {_label(state)}" for state in State if _label(state) != state]
    drawn: set[str] = set()
    for step in STEPS:
        if step.request == "SessionStopReq" and step.state not in (State.POWER_OFF, State.WELDED, State.LOOP):
            continue  # allowed nearly everywhere: drawn once is enough
        for move in _MOVES_OF.get(step.request, ()):
            if move.origins and step.state not in move.origins:
                continue
            if step.asks and move.asks and not set(step.asks[1]) & set(move.asks[1]):
                continue
            words = [step.request.removesuffix("Req"), *_words(move.asks), *_words(move.answers)]
            words += [move.code] if move.code else []
            line = f"    {_label(step.state)} --> {_label(move.to)}: {' '.join(words)}"
            if line not in drawn:
                drawn.add(line)
                lines.append(line)
    lines += [f"    {_label(state)} --> [*]" for state in State if state in ENDS]
    return "\n".join(lines) + "\n"


def _label(state: State) -> str:
    return state.replace(" ", "_").replace("-", "_")


def _quoted(state: State) -> str:
    return f'"{state}"'


def _words(condition: Condition | None) -> Iterable[str]:
    return (condition[1][0],) if condition else ()


def _fits(condition: Condition | None, message: Any) -> bool:
    return condition is None or getattr(message, condition[0], None) in condition[1]


_STEPS_OF = {state: tuple(step for step in STEPS if step.state is state) for state in State}
_MOVES_OF = {
    request: tuple(move for move in MOVES if move.request == request) for request in {move.request for move in MOVES}
}
